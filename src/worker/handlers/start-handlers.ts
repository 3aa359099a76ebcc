import { MillraceError } from '../../core/errors.ts';
import { MAX_TAIL_BYTES } from '../../core/limits.ts';
import { SpawnerDied } from '../spawner/program-runner.ts';
import { HostRefused } from './handler-host.ts';
import { HandlerPool } from './handler-pool.ts';
import type { HandlerPoolOptions } from './pool-options.ts';
import type { Handlers } from './handlers.ts';
import { findTaskFiles } from './task-files.ts';

/** As often as a spawner is started that is killed while it starts: there is another by then, and nothing is lost yet. */
const MAX_STARTS = 3;

/**
 * Loads the definitions of a folder, in a first process for them.
 * @throws MillraceError `invalid_request` that names each file that is wrong, and says why
 */
export async function startHandlers(options: Omit<HandlerPoolOptions, 'tailBytes'>): Promise<Handlers> {
  const { tasksDir, log } = options;
  assertHasFiles(tasksDir);
  try {
    const pool = await startPool({ ...options, tailBytes: MAX_TAIL_BYTES });
    log.info({ tasks: tasksDir, handlers: pool.names, memoryMiB: options.memoryMiB }, 'handlers loaded');
    return pool;
  } catch (error) {
    if (!(error instanceof HostRefused)) throw error;
    const faults = error.faults.map(({ file, why }) => `${file}: ${why}`).join('\n');
    throw new MillraceError('invalid_request', `Not every handler in ${tasksDir} can be loaded.`, {
      expected: 'a definition by defineTask as the default export of each file, each with a name of its own',
      got: faults,
      hint: 'Mend the files named, or move them: files in subfolders, and those that start with _, are not loaded. The workers of a local stack try again every 15 s.',
    });
  }
}

async function startPool(options: HandlerPoolOptions): Promise<HandlerPool> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await HandlerPool.start(options);
    } catch (error) {
      if (!(error instanceof SpawnerDied) || starts === MAX_STARTS) throw error;
    }
  }
}

function assertHasFiles(dir: string): void {
  let why = 'no file that ends in .ts, .mts, .js or .mjs';
  try {
    if (findTaskFiles(dir).length > 0) return;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new MillraceError('invalid_request', `There are no handlers in ${dir}.`, {
    expected: 'a folder of files whose default exports are made by defineTask',
    got: why,
    hint: 'Name the folder with --tasks or MILLRACE_TASKS.',
  });
}
