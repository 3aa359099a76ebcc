import { redriveFailed } from '../../src/api/redrive-failed.ts';
import { redriveOnceCounted } from '../../src/api/redrive-once-counted.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { readBatchProgress, readQueueProgress } from '../../src/core/progress.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import type { Callers } from './callers.ts';
import { sleep } from './host.ts';

/** Cancels some task, whatever it is doing. */
export async function cancelOne(callers: Callers): Promise<void> {
  const { dice } = callers.world;
  const id = dice.pick([...callers.book.known]);
  if (id === undefined) return;
  callers.world.count('cancel');
  await callers.call(({ ending }) => cancelTask(ending, id), 3);
}

/** Redrives some task, mostly one that has just failed; sometimes twice at once. */
export async function redriveOne(callers: Callers): Promise<void> {
  const { world } = callers;
  const { dice } = world;
  for (let look = 0; look < 40; look += 1) {
    const failed = [...world.tables.tasks.values()].filter(({ state }) => state === 'FAILED');
    const id = dice.pick(failed)?.id;
    if (id !== undefined) {
      world.count('redrive');
      const redrive = () =>
        callers.call(
          ({ ending }) =>
            dice.chance(0.5)
              ? redriveTask(ending, id)
              : redriveOnceCounted({ ports: ending.ports, sleep }, ending, id),
          3,
        );
      await Promise.all(dice.chance(0.3) ? [redrive(), redrive()] : [redrive()]);
      return;
    }
    await sleep(500);
  }
}

export async function redriveAll(callers: Callers): Promise<void> {
  callers.world.count('redrive of all that failed');
  await callers.call(({ ending }) => redriveFailed(ending), 2);
}

export async function purge(callers: Callers): Promise<void> {
  callers.world.count('purge');
  await callers.call(
    ({ ending }) => ending.ports.queues.setPurgedBefore(ending.definition.name, ending.ports.clock()),
    2,
  );
}

export async function pauseForAWhile(callers: Callers): Promise<void> {
  const { world } = callers;
  const set = (isPaused: boolean) =>
    callers.call(({ ending }) => ending.ports.queues.setPaused(ending.definition.name, isPaused), Infinity);
  world.count('pause');
  await set(true);
  await sleep(world.dice.between(500, 15_000));
  await set(false);
}

/** Reads progress, which may lag, but never shows nonsense. */
export async function readProgress(callers: Callers): Promise<void> {
  const { world } = callers;
  const batch = [...world.tables.batches.keys()].at(-1);
  await callers.call(async ({ ending }) => {
    const progress: object[] = [await readQueueProgress(ending.ports, ending.definition)];
    if (batch !== undefined) progress.push(await readBatchProgress(ending.ports, batch));
    for (const shown of progress) {
      const isNegative = Object.values(shown).some((count) => typeof count === 'number' && count < 0);
      if (isNegative) world.fail(`G4 progress shows a negative count: ${JSON.stringify(shown)}`);
    }
  }, 2);
}
