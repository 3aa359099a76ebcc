import { Callers } from './callers.ts';
import { checkRest } from './check-rest.ts';
import {
  cancelOne,
  pauseForAWhile,
  pauseForDays,
  purge,
  readProgress,
  redriveAll,
  redriveOne,
} from './control-jobs.ts';
import { enqueueBatch, enqueueKeyed, enqueueOne, sendRaw } from './enqueue-jobs.ts';
import { sleep, startHost } from './host.ts';
import { Fleet } from './sim-workers.ts';
import { runMinute, startSimUpkeep } from './sim-upkeep.ts';
import { OUTSIDE } from './virtual-time.ts';
import { cancelSomeWorkflow, enqueueChain, enqueueSet } from './workflow-jobs.ts';
import { World, type Mutant } from './world.ts';

export interface ScheduleResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly tally: ReadonlyMap<string, number>;
  readonly tasks: number;
  readonly virtualMs: number;
}

const REST_LIMIT_MS = 3_600_000; // a queue that has not come to rest by then never will
const STOP_LIMIT_MS = 60_000;
const FOLD_MS = 700_000; // until an idle ledger is closed and, later, folded

/** One run: a busy time full of faults, then calm; at rest all guarantees are checked. */
export async function runSchedule(
  seed: number,
  mutant?: Mutant,
  say?: (line: string) => void,
): Promise<ScheduleResult> {
  const world = new World(seed, mutant, say);
  let isOver = false;
  world.time.plan(0, OUTSIDE, () => {
    void direct(world).then(
      () => (isOver = true),
      (error: unknown) => {
        isOver = true;
        world.fail(`the simulator broke down: ${(error as Error).stack}`);
      },
    );
  });
  await world.time.run(() => isOver || world.violations.length > 0);
  const { violations, tally, tables, time } = world;
  return { seed, violations, tally, tasks: tables.tasks.size, virtualMs: time.now };
}

async function direct(world: World): Promise<void> {
  const { dice, weather } = world;
  const callers = new Callers(world);
  const fleet = new Fleet(world);
  const upkeep = startSimUpkeep(world);
  const waves = dice.chance(0.2) ? 2 : 1;
  for (let wave = 1; wave <= waves; wave += 1) {
    if (wave > 1) {
      await sleep(FOLD_MS);
      world.roughUp(weather);
    }
    planJobs(callers, weather.busyMs);
    await sleep(2 * weather.busyMs);
    world.calmDown();
    await untilAtRest(world, callers);
    checkRest(world, callers.book, `at rest, wave ${wave}`);
  }
  fleet.stop();
  for (let waited = 0; fleet.size > 0; waited += 1000) {
    if (waited > STOP_LIMIT_MS) return world.fail('G7 a worker that is told to stop does not');
    await sleep(1000);
  }
  if (dice.chance(0.5)) {
    upkeep.stopMinutes();
    await foldAll(world, weather);
    checkRest(world, callers.book, 'after folding');
  }
}

function planJobs(callers: Callers, busyMs: number): void {
  const { dice } = callers.world;
  const plan = (times: number, job: (of: Callers) => Promise<void>) => {
    for (let n = 0; n < times; n += 1) callers.plan(dice.between(0, busyMs), () => job(callers));
  };
  plan(dice.whole(0, 3), enqueueOne);
  plan(dice.whole(0, 3), enqueueKeyed);
  plan(dice.whole(0, 2), enqueueBatch);
  plan(dice.whole(0, 2), sendRaw);
  plan(dice.whole(0, 2), enqueueChain);
  plan(dice.whole(0, 2), enqueueSet);
  plan(dice.whole(0, 1), cancelSomeWorkflow);
  plan(dice.whole(0, 4), cancelOne);
  plan(dice.whole(0, 4), redriveOne);
  plan(dice.chance(0.2) ? 1 : 0, redriveAll);
  plan(dice.chance(0.15) ? 1 : 0, purge);
  plan(dice.chance(0.3) ? 1 : 0, pauseForAWhile);
  plan(dice.chance(0.1) ? 1 : 0, pauseForDays);
  plan(dice.whole(0, 1), readProgress);
}

async function untilAtRest(world: World, callers: Callers): Promise<void> {
  const until = world.time.now + REST_LIMIT_MS;
  const { main, dead, tables, watch } = world;
  const isAtRest = () =>
    !callers.isBusy &&
    main.size + dead.size + watch.live.size === 0 &&
    [...tables.marks.values()].every((isSent) => isSent);
  // Twice: late requests of before may bring a message back.
  for (let calm = 0; calm < 2 && world.time.now < until; calm = isAtRest() ? calm + 1 : 0)
    await sleep(25_000);
}

/** Folds under faults, in two processes at once, then in peace. */
async function foldAll(world: World, weather: World['weather']): Promise<void> {
  await sleep(FOLD_MS);
  world.roughUp(weather);
  const rough = [1, 2].map(async (n) => {
    for (let round = 0; round < 6; round += 1) {
      const host = startHost(world, `fold${n}`);
      world.time.plan(world.time.now + world.dice.between(0, 2000), host.process, () => {
        void runMinute(host).catch(() => {});
      });
      await sleep(world.dice.between(1000, 60_000));
      host.process.exit();
    }
  });
  await Promise.all(rough);
  world.calmDown();
  await sleep(120_000);
  const last = startHost(world, 'fold');
  await new Promise<void>((done) => {
    world.time.plan(world.time.now, last.process, () => {
      void runMinute(last).then(() => world.time.plan(world.time.now, OUTSIDE, done));
    });
  });
}
