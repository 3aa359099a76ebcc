import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Arena } from './arena.ts';
import { Book } from './book.ts';
import { checkAttempts, type AttemptFigures } from './check-attempts.ts';
import { checkCounts, listAll, readWhole, waitForRest } from './check-rest.ts';
import { checkTasks } from './check-tasks.ts';
import { inject } from './inject.ts';
import { BatchLoad } from './load-batch.ts';
import { livingOf } from './machine.ts';
import type { ChaosOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { readDiaries } from './read-diaries.ts';
import { readLogs } from './read-logs.ts';
import { MessageSender, sendSingle } from './send-tasks.ts';
import { watchProgress } from './watch-progress.ts';
import { WorkerPool } from './worker-pool.ts';

/** Programs that were killed with worker and spawner are gone when the guardian has had its turn, in ms. */
const GUARDIAN_MS = 15_000;

export interface ChaosResult {
  readonly seed: number;
  readonly seconds: number;
  readonly injected: Readonly<Record<string, number>>;
  /** How many tasks came to which end. */
  readonly outcome: Readonly<Record<string, number>>;
  readonly attempts: AttemptFigures;
  readonly violations: readonly string[];
  /** Where everything lies; absent when it was removed. */
  readonly home?: string;
}

/** One run, from an empty folder to the last check. Nothing that it has started outlives it. */
export async function runChaos(plan: Plan, options: ChaosOptions, signal: AbortSignal): Promise<ChaosResult> {
  const startedAt = performance.now();
  const failed = new AbortController(); // the first thing that fails ends all that goes on beside it
  const ended = AbortSignal.any([signal, failed.signal]);
  const arena = await Arena.open(options.leaseSeconds, ended);
  const book = new Book();
  const pool = new WorkerPool(arena, options.workers);
  let isClean = false;
  try {
    await writeFile(arena.path('plan.json'), JSON.stringify(plan, undefined, 1));
    const stopWatching = watchProgress(arena, book, plan, options.live);
    let checked;
    try {
      await disturb(arena, book, pool, plan, ended);
      checked = await check(arena, book, pool, plan, ended);
    } finally {
      stopWatching();
    }
    const { violations } = book;
    isClean = violations.length === 0 && !options.keep;
    return {
      seed: plan.seed,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      injected: Object.fromEntries([...book.tally].sort()),
      ...checked,
      violations,
      ...(!isClean && { home: arena.home }),
    };
  } catch (error) {
    if (signal.aborted) isClean = !options.keep;
    else process.stderr.write(`the data of this run lies in ${arena.home}\n`);
    throw error;
  } finally {
    failed.abort();
    pool.kill();
    await arena.clear();
    if (isClean) await rm(arena.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Sends all that is planned while all goes wrong that is planned. */
async function disturb(
  arena: Arena,
  book: Book,
  pool: WorkerPool,
  plan: Plan,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const at = async (atMs: number, what: () => Promise<void>): Promise<void> => {
    await sleep(Math.max(0, atMs - (performance.now() - startedAt)), undefined, { signal });
    await what();
  };
  const loads = plan.loads.map((load) => new BatchLoad(arena, book, load, signal));
  const target = { arena, pool, loads, book, plan, signal };
  const messages = new MessageSender(arena, book, signal);
  try {
    await Promise.all([
      ...loads.map((load) => at(load.plan.atMs, () => load.run())),
      ...plan.singles.map((single) => at(single.atMs, () => sendSingle(arena, book, single))),
      ...plan.messages.map((message) => at(message.atMs, () => messages.send(message))),
      ...plan.faults.map((fault) => at(fault.atMs, () => inject(target, fault))),
    ]);
  } finally {
    messages.close();
  }
}

/** Waits for rest, then holds what is there against what was sent and done. */
async function check(arena: Arena, book: Book, pool: WorkerPool, plan: Plan, signal: AbortSignal) {
  const fail = (what: string): void => void book.violations.push(what);
  const stuck = await waitForRest(arena, signal);
  if (stuck !== undefined) fail(`G1 it does not come to rest: ${stuck}`);
  await checkLiving(arena, 'a program outlived its task', ({ command }) => !isOurs(command), fail);
  await pool.close();
  for (const end of pool.oddEnds) fail(end);
  const views = await readWhole(arena, await listAll(arena));
  await checkCounts(arena, book, views, fail);
  const exit = await arena.stop();
  if (exit !== 0) fail(`the stack was told to stop at rest and exited ${exit}`);
  await checkLiving(arena, 'left at the end', () => true, fail);

  const diaries = await readDiaries(arena.path('tasks', 'diary'));
  const logged = await readLogs(pool.lives);
  checkTasks(plan, book, views, diaries, fail);
  const attempts = checkAttempts(plan, book, views, diaries, pool.lives, logged, fail);
  const outcome: Record<string, number> = {};
  for (const { state, reason } of views) {
    const name = reason === undefined || state !== 'FAILED' ? state : `${state} ${reason}`;
    outcome[name] = (outcome[name] ?? 0) + 1;
  }
  return { outcome, attempts };
}

/** Workers, spawners, their starters and guardians, the hosts that workers keep for handlers, and the stack. */
function isOurs(command: string): boolean {
  return /millrace\.js|spawner-main|\/starter-[a-z0-9-]+ |handler-host-main|\/bin\/sh -c \s*trap '' INT TERM HUP/.test(
    command,
  );
}

async function checkLiving(
  arena: Arena,
  what: string,
  isWrong: (living: { command: string }) => boolean,
  fail: (what: string) => void,
): Promise<void> {
  const deadline = performance.now() + GUARDIAN_MS;
  for (;;) {
    const left = livingOf(arena.home).filter(isWrong);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      for (const { pid, command } of left) fail(`G7 ${what}: process ${pid}, ${command}`);
      return;
    }
    await sleep(50);
  }
}
