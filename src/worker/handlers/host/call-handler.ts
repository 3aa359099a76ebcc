import { inspect } from 'node:util';
import type { TaskDefinition } from '../../../core/define-task.ts';
import { MAX_RESULT_BYTES } from '../../../core/limits.ts';
import type { FailedBody } from '../host-messages.ts';
import type { CurrentCall } from './current-call.ts';

const MAX_ERROR_CHARS = 1000;

/** Checks the arguments, calls the handler, checks what it returns. Never rejects. */
export async function callHandler(
  definition: TaskDefinition,
  args: unknown,
  call: CurrentCall,
): Promise<void> {
  try {
    const parsed = await parseArgs(definition, args);
    if ('fault' in parsed) {
      const error = `the arguments do not fit ${definition.name}: ${parsed.fault}`;
      return call.failed({ reason: 'invalid', error, isFinal: true });
    }
    call.context.signal.throwIfAborted(); // its handler could miss what has happened already
    const returned = await definition.run(parsed.args, call.context);
    const result = await definition.result?.safeParseAsync(returned);
    if (result && !result.success) {
      const error = `what ${definition.name} returned does not fit its result: ${describe(result.error)}`;
      return call.failed({ reason: 'error', error });
    }
    const json = toJson(result ? result.data : returned, definition.name);
    if ('fault' in json) return call.failed({ reason: 'error', error: json.fault });
    call.returned(json.text);
  } catch (error) {
    // What an aborted wait throws says nothing that the abort does not.
    const isAbort = call.context.signal.aborted && error instanceof Error && error.name === 'AbortError';
    call.failed(toFailure(error), isAbort ? undefined : toStack(error));
  }
}

/** What a handler threw, as its failure. */
export function toFailure(error: unknown): FailedBody {
  const text = error instanceof Error ? String(error.message || error.name) : `it threw ${inspect(error)}`;
  // By name: a bundle of tasks has a class of its own.
  const isFinal = error instanceof Error && error.name === 'NonRetryableError';
  return { reason: 'error', error: text.slice(0, MAX_ERROR_CHARS), ...(isFinal && { isFinal }) };
}

export function toStack(error: unknown): string {
  return inspect(error).slice(0, 16_384);
}

/** A call without arguments is one with none: `{}` for most schemas, nothing for the others. */
async function parseArgs(
  { args: schema }: TaskDefinition,
  args: unknown,
): Promise<{ args: unknown } | { fault: string }> {
  const parsed = await schema.safeParseAsync(args ?? {});
  if (parsed.success) return { args: parsed.data };
  if (args === undefined) {
    const none = await schema.safeParseAsync(undefined);
    if (none.success) return { args: none.data };
  }
  return { fault: describe(parsed.error) };
}

function describe({
  issues,
}: {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}): string {
  return issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length > 0 ? `${path.map(String).join('.')}: ${message}` : message))
    .join('; ');
}

function toJson(value: unknown, name: string): { text: string } | { fault: string } {
  if (value === undefined) return { text: '' };
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return { fault: `what ${name} returned is no JSON: ${toFailure(error).error.split('\n')[0] ?? ''}` };
  }
  if (text === undefined) return { fault: `what ${name} returned is no JSON: a ${typeof value}` };
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_RESULT_BYTES) return { text };
  return {
    fault: `what ${name} returned is too large: expected at most ${MAX_RESULT_BYTES} bytes as JSON, got ${bytes}`,
  };
}
