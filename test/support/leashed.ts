import type { SpawnOptions } from 'node:child_process';
import { join } from 'node:path';
import { startUntracked, type Started } from './processes.ts';

const MAIN = join(import.meta.dirname, 'leashed-main.ts');

/** A server that ends, with all that it started, when this process does: see leashed-main.ts. */
export interface Leashed extends Started {
  /** SIGTERM, then after the grace SIGKILL to its whole group. */
  stop(): Promise<void>;
}

export function startLeashed(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { readonly graceSeconds?: number } = {},
): Leashed {
  const { graceSeconds = 10, ...rest } = options;
  // Untracked: a leash that is killed ends nothing.
  const started = startUntracked(process.execPath, [MAIN, String(graceSeconds), program, ...args], rest);
  return {
    ...started,
    async stop() {
      started.child.stdin?.end();
      await started.exit;
    },
  };
}
