import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTaskFiles } from '../worker/handlers/task-files.ts';
import type { CliContext } from './context.ts';

/** The handlers that come along: in a checkout its own, in the package beside this bundle. */
const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../tasks' : './tasks', import.meta.url),
);

/**
 * The folder of a worker's handlers: `--tasks`, MILLRACE_TASKS, the `tasks` of the current folder, those that come
 * along.
 */
export function findTasksDir(
  given: string | undefined,
  { env, cwd }: Pick<CliContext, 'env' | 'cwd'>,
): string {
  const named = given ?? env['MILLRACE_TASKS'];
  if (named) return resolve(cwd, named);
  const own = join(cwd, 'tasks');
  return hasDefinitions(own) ? own : SHIPPED;
}

/** Looks without loading: a folder of this name may be anything, and code that nobody meant must not run. */
function hasDefinitions(dir: string): boolean {
  try {
    return findTaskFiles(dir).some((file) => readFileSync(file, 'utf8').includes('defineTask'));
  } catch {
    return false; // there is no such folder, or none to be read
  }
}
