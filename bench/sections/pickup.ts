import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../test/support/processes.ts';
import { quantile } from '../figures.ts';
import { against, contendersOf, interleave, LONG_ROUNDS } from '../rounds.ts';
import type { Context, Section } from '../section.ts';
import type { System } from '../systems/system.ts';

const SLOTS = 8;
const PERIOD_MS = 50;
/** Until the runtimes on the way have compiled what such a task needs: so many times as many come before those that count. */
const WARM_UP = 2.4;

export const pickup: Section = {
  name: 'pickup',
  title: `pickup of a trickle: a command each ${PERIOD_MS} ms to an idle worker, from the call to the program’s start`,
  run: async (context) => {
    const contenders = contendersOf<'p50' | 'p99' | 'first'>(context, 'pickup', 'command', async (system) => {
      const latencies = await measurePickup(context, system);
      const warm = latencies.slice(-context.options.pickups);
      return { p50: quantile(warm, 0.5), p99: quantile(warm, 0.99), first: latencies[0] ?? NaN };
    });
    const figures = await interleave(context, contenders, LONG_ROUNDS);
    return [
      against(figures('p50'), { what: 'p50', unit: 'ms', better: 'less' }),
      against(figures('p99'), { what: 'p99', unit: 'ms', better: 'less' }),
      against(figures('first'), { what: 'the very first', unit: 'ms', better: 'less' }),
    ];
  },
};

/** The programs themselves write when they started: the same clock and the same cost for all systems. */
async function measurePickup({ home, options }: Context, system: System): Promise<number[]> {
  const log = join(home, `pickup-${system.name}-${Date.now()}`);
  const command = (name: string): string => `echo ${name} $(date +%s%N) >>${log}`;
  const session = await system.open();
  try {
    // What is there first shows that the worker is up.
    await session.enqueue('command', [{ command: command('up'), ms: 0 }]);
    const worker = await session.startWorker('command', SLOTS, [], 'stopped');
    try {
      await startsIn(log, 1);
      const count = Math.round(options.pickups * (WARM_UP + 1));
      const names = Array.from({ length: count }, (_, index) => `task${index}`);
      const calledAt = await session.trickle(names.map(command), PERIOD_MS);
      const starts = await startsIn(log, 1 + names.length);
      return names.map((name, index) => (starts.get(name) ?? NaN) - (calledAt[index] ?? NaN));
    } finally {
      await worker.stop();
    }
  } finally {
    await session.close();
  }
}

/** @returns when each had started, in ms since 1970, once so many have */
async function startsIn(log: string, count: number): Promise<Map<string, number>> {
  return until(`${count} programs to start`, async () => {
    const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n');
    if (lines.length < count || lines[0] === '') return undefined;
    return new Map(
      lines.map((line) => {
        const [name = '', ns = ''] = line.split(' ');
        return [name, Number(BigInt(ns) / 1000n) / 1000] as const;
      }),
    );
  });
}
