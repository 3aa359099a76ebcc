import { describe, expect, test } from 'vitest';
import { runSchedule } from './run-schedule.ts';

const RUNS = 1000;

describe('schedules of the product’s own code', () => {
  test(`keep every guarantee, ${RUNS} times`, { timeout: 300_000 }, async () => {
    const tally = new Map<string, number>();
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const result = await runSchedule(seed);
      expect(result.violations, `replay it: npm run sim -- --seed ${seed}`).toEqual([]);
      for (const [fault, times] of result.tally) tally.set(fault, (tally.get(fault) ?? 0) + times);
    }
    // Rates that are set to nothing by mistake would make all runs pass.
    for (const fault of FAULTS) expect([fault, (tally.get(fault) ?? 0) > RUNS / 50]).toEqual([fault, true]);
  });

  test('are the same for the same seed', async () => {
    const trace = async () => {
      const lines: string[] = [];
      await runSchedule(33, undefined, (line) => lines.push(line));
      return lines;
    };
    expect(await trace()).toEqual(await trace());
  });
});

const FAULTS = [
  'request lost',
  'answer lost',
  'takes effect late',
  'repeated after a lost answer',
  'a copy arrives late',
  'throttled',
  'stale index read',
  'entry of a batch call fails',
  'duplicate delivery',
  'deleted message comes back',
  'delete with a stale handle',
  'visibility with a stale handle',
  'move to the dead letters',
  'message of a week ago',
  'crash',
  'crash before',
  'crash after',
  'process is cut off for a while',
  'worker is told to stop',
  'program that hangs',
  'program that kills its spawner',
  'poisonous message',
  'loader dies half-way',
  'batch sent again',
  'task sent again',
  'cancel',
  'redrive',
  'purge',
  'pause',
  'pause of ten days',
  'workflow sent again',
  'cancel of a workflow',
];
