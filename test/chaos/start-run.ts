import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLeashed, type Leashed } from '../support/leashed.ts';

const MAIN = join(import.meta.dirname, 'run-main.ts');

/** Ending takes the guardians' time, and that of a machine that is busy. */
const GRACE_SECONDS = 60;

/** Starts a run that ends, with all that it has started, when this process does. */
export async function startRun(args: readonly string[]): Promise<Leashed> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-leash-')); // goes with the leash
  return startLeashed(folder, process.execPath, [MAIN, ...args], { graceSeconds: GRACE_SECONDS });
}
