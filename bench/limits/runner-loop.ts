/**
 * A worker's program runner and nothing else, in a process that holds so much memory: starts commands, so many at a time.
 *   node bench/limits/runner-loop.ts HELD_MB SLOTS COUNT
 * Prints starts a second, then milliseconds of processor time a start: of this process, the spawner, the starter and
 * the commands.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSpawner } from '../../src/worker/spawner/start-spawner.ts';

const TICK_MS = 10; // of /proc, everywhere
const WARM_UP = 64;

const [heldMb = 0, slots = 8, count = 1000] = process.argv.slice(2).map(Number);
const held = Array.from({ length: heldMb }, () => Buffer.alloc(1024 * 1024, 1));
const scratchDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const runner = await startSpawner({ scratchDir });
const env = { PATH: process.env['PATH'] ?? '' };

await runAll(WARM_UP);
const processes = [process.pid, runner.pid, ...childrenOf(runner.pid)];
const cpuBefore = cpuMs(processes);
const begin = performance.now();
await runAll(count);
const tookMs = performance.now() - begin;
const cpu = cpuMs(processes) - cpuBefore;
process.stdout.write(`${(count * 1000) / tookMs} ${cpu / count}\n`);
await runner.close();
rmSync(scratchDir, { recursive: true, force: true });
if (held.length !== heldMb) throw new Error('the memory was to be held');

async function runAll(total: number): Promise<void> {
  let started = 0;
  const runOne = async (): Promise<void> => {
    while (started < total) {
      started += 1;
      const end = await runner.run({ runId: String(started), program: { command: 'true' }, env }).done;
      if (end.exitCode !== 0) throw new Error(`expected exit 0, got ${JSON.stringify(end)}`);
    }
  };
  await Promise.all(Array.from({ length: slots }, runOne));
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => statOf(pid)[1] === String(parent))
    .map(Number);
}

/** Their own, and that of all their children that have ended. */
function cpuMs(pids: readonly number[]): number {
  const ticks = pids.flatMap((pid) => statOf(String(pid)).slice(11, 15)).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) * TICK_MS;
}

/** The fields after the name: state, parent … utime, stime, cutime, cstime. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return []; // it ended while it was looked at
  }
}
