import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskDefinition } from '../../../core/define-task.ts';
import { HANDLER_NAME } from '../../../core/handler-name.ts';
import { MAX_MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS } from '../../../core/limits.ts';
import type { RefusedBody } from '../host-messages.ts';
import { findTaskFiles } from '../task-files.ts';

/**
 * Loads the default exports of a folder.
 * @param onFile told of each file before it is loaded: one that ends the process, or never ends, is then known
 */
export async function loadDefinitions(
  dir: string,
  onFile: (file: string) => void,
): Promise<{ definitions: Map<string, TaskDefinition>; faults: RefusedBody }> {
  const definitions = new Map<string, TaskDefinition>();
  const fileOf = new Map<string, string>();
  const faults: { file: string; why: string }[] = [];
  for (const file of findTaskFiles(dir)) {
    onFile(file);
    try {
      const { default: definition } = (await import(pathToFileURL(file).href)) as { default?: unknown };
      const why = findFault(definition);
      if (why !== undefined) throw new Error(why);
      const valid = definition as TaskDefinition;
      const other = fileOf.get(valid.name);
      if (other !== undefined) throw new Error(`${basename(other)} defines ${valid.name} already`);
      fileOf.set(valid.name, file);
      definitions.set(valid.name, valid);
    } catch (error) {
      faults.push({ file, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return { definitions, faults };
}

/** By its shape, not by who made it: a bundle has a `defineTask` of its own. */
function findFault(value: unknown): string | undefined {
  const expected = 'expected `export default defineTask({ name, args, run })`';
  if (typeof value !== 'object' || value === null) {
    return `${expected}, got ${value === undefined ? 'no default export' : `a default export of type ${typeof value}`}`;
  }
  const { name, args, run, result, timeoutSeconds, maxAttempts } = value as Record<string, unknown>;
  if (typeof name !== 'string' || !HANDLER_NAME.test(name))
    return `${expected} with a name of letters, digits and _ . : -, got ${JSON.stringify(name)}`;
  if (!isSchema(args)) return `${expected} with a zod schema as args`;
  if (result !== undefined && !isSchema(result))
    return `${expected} with a zod schema as result, or without result`;
  if (typeof run !== 'function') return `${expected} with a function as run`;
  if (timeoutSeconds !== undefined && !isWithin(timeoutSeconds, 0.001, MAX_TIMEOUT_SECONDS))
    return `${expected} with timeoutSeconds of at most ${MAX_TIMEOUT_SECONDS}, or without`;
  if (
    maxAttempts !== undefined &&
    !(Number.isInteger(maxAttempts) && isWithin(maxAttempts, 1, MAX_MAX_ATTEMPTS))
  )
    return `${expected} with maxAttempts from 1 to ${MAX_MAX_ATTEMPTS}, or without`;
  return undefined;
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function isSchema(value: unknown): boolean {
  return typeof (value as { safeParseAsync?: unknown } | null | undefined)?.safeParseAsync === 'function';
}
