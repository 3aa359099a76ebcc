/**
 * What it costs to start a process: through the worker's runner, by a bare loop of Node's, and by one of C.
 *
 *   node bench/measure-starts.ts [--runs 5] [--count 1500] [--slots 8]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { buildStarter } from '../src/worker/spawner/starter/find-starter.ts';
import { BARE_LOOP } from './bare-spawn.ts';

const run = promisify(execFile);
const LIMITS = join(import.meta.dirname, 'limits');

export interface Starts {
  perSecond: number;
  /** Processor time of all that takes part, the commands included. */
  cpuMsPerStart: number;
}

export type StartsOrNone = Starts | { skipped: string };

export interface MeasuredStarts {
  bareC: StartsOrNone;
  bareNode: Starts;
  /** Through the runner of a worker that holds so many MB. */
  starter50Mb: StartsOrNone;
  starter300Mb: StartsOrNone;
  node50Mb: Starts;
  node300Mb: Starts;
}

/**
 * Starts `sh -c true` in each way, in turns.
 * @param count commands a round
 * @returns medians of the rounds
 */
export async function measureStarts({ runs = 5, count = 1500, slots = 8 } = {}): Promise<MeasuredStarts> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  try {
    const [cLoop, starter] = [await compile(folder), await buildStarter()];
    const numbers = [String(slots), String(count)];
    const byRunner = (heldMb: number, way: 'none' | '') => () =>
      measure(process.execPath, [join(LIMITS, 'runner-loop.ts'), String(heldMb), ...numbers], {
        MILLRACE_STARTER: way,
      });
    const ways: Partial<Record<keyof MeasuredStarts, () => Promise<Starts>>> = {
      ...(cLoop && { bareC: () => measure(cLoop, numbers) }),
      bareNode: () => measure(process.execPath, ['-e', BARE_LOOP, ...numbers]),
      ...('path' in starter && { starter50Mb: byRunner(50, ''), starter300Mb: byRunner(300, '') }),
      node50Mb: byRunner(50, 'none'),
      node300Mb: byRunner(300, 'none'),
    };
    const rounds: Record<string, Starts[]> = {};
    for (let round = 0; round < runs; round += 1) {
      for (const [name, way] of Object.entries(ways)) (rounds[name] ??= []).push(await way());
    }
    const none = { skipped: 'no C compiler' };
    const skipped = { bareC: none, starter50Mb: none, starter300Mb: none };
    const medians = Object.entries(rounds).map(([name, starts]) => [name, medianOf(starts)]);
    return { ...skipped, ...Object.fromEntries(medians) } as MeasuredStarts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compile(folder: string): Promise<string | undefined> {
  const program = join(folder, 'c-fork');
  try {
    await run('cc', ['-O2', '-o', program, join(LIMITS, 'c-fork.c')]);
    return program;
  } catch {
    return undefined;
  }
}

/** Runs a program that prints the two numbers of `Starts`. */
async function measure(program: string, args: string[], env: Record<string, string> = {}): Promise<Starts> {
  const { stdout } = await run(program, args, { env: { ...process.env, ...env } });
  const [perSecond = NaN, cpuMsPerStart = NaN] = stdout.trim().split(' ').map(Number);
  return { perSecond, cpuMsPerStart };
}

function medianOf(starts: readonly Starts[]): Starts {
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
  return {
    perSecond: Math.round(middle(starts.map(({ perSecond }) => perSecond))),
    cpuMsPerStart: Number(middle(starts.map(({ cpuMsPerStart }) => cpuMsPerStart)).toFixed(3)),
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      count: { type: 'string', default: '1500' },
      slots: { type: 'string', default: '8' },
    },
  });
  console.table(
    await measureStarts({
      runs: Number(values.runs),
      count: Number(values.count),
      slots: Number(values.slots),
    }),
  );
}
