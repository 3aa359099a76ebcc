import { expect, onTestFinished, test } from 'vitest';
import { WORKER_FAULTS } from './plan-faults.ts';
import type { ChaosResult } from './run-chaos.ts';
import { startRun } from './start-run.ts';

const SEED = 7;

/** The short form of `npm run chaos`: half a minute here, and as long as it takes elsewhere. */
test(
  'real processes that are killed at random lose no task, and each has the end that its plan allows',
  {
    timeout: 900_000,
  },
  async () => {
    const args = ['--tasks', '240', '--minutes', '0.2', '--lease', '4', '--seed', String(SEED), '--json'];
    const run = await startRun(args);
    onTestFinished(() => run.stop());
    const exit = await run.exit;
    expect(run.stdout(), run.stderr()).not.toBe('');
    const { violations, injected, outcome, attempts, home } = JSON.parse(run.stdout()) as ChaosResult;
    expect(violations, `data and logs: ${home}`).toEqual([]);
    expect(exit).toBe(0);
    // A run in which nothing goes wrong would pass.
    const happened = Object.keys(injected).map((kind) => kind.replace(': nothing to hit', ''));
    expect(happened).toEqual(
      expect.arrayContaining([...WORKER_FAULTS, 'stack killed in a load', 'loader killed']),
    );
    expect(injected['worker killed']).toBeGreaterThan(0);
    expect(attempts.interrupted).toBeGreaterThan(0);
    expect(outcome['SUCCEEDED']).toBeGreaterThan(100);
    expect(outcome['FAILED invalid']).toBeGreaterThan(0);
  },
);
