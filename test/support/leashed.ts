import type { SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { startUntracked, type Started } from './processes.ts';

const MAIN = join(import.meta.dirname, 'leashed-main.ts');

/** A server that ends, with all that it started, when this process does: see leashed-main.ts. */
export interface Leashed extends Started {
  /** SIGTERM, then after the grace SIGKILL to its whole group; its folder goes with it. */
  stop(): Promise<void>;
}

/** @param folder of its own, which is removed at its end */
export function startLeashed(
  folder: string,
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly graceSeconds?: number } = {},
): Leashed {
  const { graceSeconds = 10, ...rest } = options;
  const command = [MAIN, String(graceSeconds), folder, program, ...args];
  // In a group of its own: Ctrl-C is for those who hold the leash. Untracked: a leash that is killed ends nothing.
  const started = startUntracked(process.execPath, command, { ...rest, detached: true });
  return {
    ...started,
    async stop() {
      started.child.stdin?.end();
      await started.exit;
    },
  };
}
