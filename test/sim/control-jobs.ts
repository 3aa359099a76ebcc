import { redriveFailed } from '../../src/api/redrive-failed.ts';
import { redriveOnceCounted } from '../../src/api/redrive-once-counted.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { readBatchProgress, readQueueProgress } from '../../src/core/progress.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import { SWEEP_AFTER_MS } from '../../src/core/limits.ts';
import type { Callers } from './callers.ts';
import { sleep, startHost } from './host.ts';
import { runMinute } from './sim-upkeep.ts';
import type { World } from './world.ts';

const HOUR_MS = 3_600_000;
const STEP_MS = 5000;
const RENEWED_MS = 2_400_000; // of virtual time, for minute runs that meet every fault at first

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
  world.count('pause');
  await setPaused(callers, true);
  await sleep(world.dice.between(500, 15_000));
  await setPaused(callers, false);
}

/**
 * A pause of ten days, of which only the ages of what waits are seen. Nobody receives; the minute runs, thousands in
 * truth, have until the day at which SQS forgets.
 */
export async function pauseForDays(callers: Callers): Promise<void> {
  const { world } = callers;
  const { main, tables } = world;
  world.count('pause of ten days');
  await setPaused(callers, true);
  await sleep(world.dice.between(500, 30_000));
  main.age(SWEEP_AFTER_MS + HOUR_MS);
  for (let waited = 0; main.oldestMs >= SWEEP_AFTER_MS; waited += STEP_MS) {
    if (waited > RENEWED_MS) return world.fail('G1 old messages of a paused queue are not renewed');
    // Hours pass, too: whatever a look of before has written, the next one is due.
    tables.control = { ...tables.control, renewal: { emptyAt: 0, lookAt: 0 } };
    if (world.dice.chance(0.3)) sweepBesides(world);
    await sleep(STEP_MS);
  }
  main.forget(SWEEP_AFTER_MS);
  await setPaused(callers, false);
}

/** A minute run that came twice, or overtakes the one before. */
function sweepBesides(world: World): void {
  const host = startHost(world, 'minute');
  const work = () => void runMinute(host).then(exit, exit);
  const exit = () => host.process.exit();
  world.time.plan(world.time.now, host.process, work);
}

function setPaused(callers: Callers, isPaused: boolean): Promise<unknown> {
  return callers.call(
    ({ ending }) => ending.ports.queues.setPaused(ending.definition.name, isPaused),
    Infinity,
  );
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
