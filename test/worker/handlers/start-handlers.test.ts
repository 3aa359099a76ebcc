import { afterEach, expect, it, onTestFinished } from 'vitest';
import { startHandlers } from '../../../src/worker/handlers/start-handlers.ts';
import { SpawnerDied } from '../../../src/worker/spawner/program-runner.ts';
import { ENV, endRunners, tempDir, useRunner } from '../spawner/use-runner.ts';
import { TASKS } from './use-pool.ts';

afterEach(endRunners);

/** @param deaths of the spawner, each while a first host is starting */
async function start(deaths: number) {
  const { runner } = await useRunner({ orphanGraceMs: 100 });
  let left = deaths;
  const nothing = (): void => {};
  const handlers = await startHandlers({
    runner,
    tasksDir: TASKS,
    slots: 1,
    memoryMiB: 128,
    env: () => {
      if (left > 0) setImmediate(() => process.kill(runner.pid, 'SIGKILL')); // it may be another one by then
      left -= 1;
      return ENV;
    },
    channelDir: tempDir(),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  onTestFinished(() => handlers.close());
  return handlers;
}

it('handlers are loaded by another spawner when the first is killed meanwhile', async () => {
  expect((await start(1)).names).toContain('echo');
});

it('a spawner that is killed each time is not started for ever', async () => {
  await expect(start(Infinity)).rejects.toThrow(SpawnerDied);
});
