import { setTimeout as sleep } from 'node:timers/promises';
import { quantile, ratePerSecond } from './figures.ts';
import { readTree, type TreeUse } from './process-tree.ts';
import type { System, Worker } from './systems/system.ts';
import type { Kind, Task } from './workload.ts';

export interface Drained {
  readonly perSecond: number;
  readonly enqueuedPerSecond: number;
  /** From the first start to the last end; only when asked for. */
  readonly makespanMs?: number;
  /** Of the worker's process tree, for each task once a quarter had ended: without its start-up. */
  readonly cpuMsPerTask: number;
  readonly workerMiB: number;
  readonly childrenMiB: number;
}

const LOOK_MS = 10;
/** What a worker still writes and deletes after its last task's end is on its bill. */
const AFTERMATH_MS = 200;
/** Its start and what a runtime compiles first are not what a task costs. */
const WARM_UP = 0.25;
const DEADLINE_MS = 180_000;

/** Fills a queue, then has one worker empty it. */
export async function drain(
  system: System,
  kind: Kind,
  slots: number,
  tasks: readonly Task[],
  { makespan = false }: { makespan?: boolean } = {},
): Promise<Drained> {
  const session = await system.open();
  try {
    const enqueueMs = await session.enqueue(kind, tasks);
    const worker = await session.startWorker(kind, slots, tasks);
    try {
      const use = await watch(worker, tasks.length);
      const { firstStart, ends } = await worker.times();
      if (ends.length !== tasks.length) throw new Error(`expected ${tasks.length} ends, got ${ends.length}`);
      return {
        perSecond: ratePerSecond(ends),
        enqueuedPerSecond: (tasks.length * 1000) / enqueueMs,
        ...(makespan && { makespanMs: Math.max(...ends) - (await firstStart()) }),
        ...use,
      };
    } finally {
      await worker.stop();
    }
  } finally {
    await session.close();
  }
}

/** Looks at the worker's processes twice: when it is warm, and when it has done all. */
async function watch(
  worker: Worker,
  count: number,
): Promise<Pick<Drained, 'cpuMsPerTask' | 'workerMiB' | 'childrenMiB'>> {
  await doneWhen(worker, Math.ceil(count * WARM_UP));
  const warmCount = worker.done();
  const warm = readTree(worker.pids);
  await doneWhen(worker, count);
  let last: TreeUse = warm;
  // One that stops at an empty queue may be gone before the aftermath is over.
  for (const until = performance.now() + AFTERMATH_MS; performance.now() < until; await sleep(2 * LOOK_MS)) {
    try {
      last = readTree(worker.pids);
    } catch {
      break;
    }
  }
  return {
    cpuMsPerTask: warmCount < count ? (last.cpuMs - warm.cpuMs) / (count - warmCount) : NaN,
    workerMiB: last.rootMiB,
    childrenMiB: last.childrenMiB,
  };
}

export async function doneWhen(worker: Worker, count: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (worker.done() < count) {
    const end = worker.ended();
    if (end !== undefined && worker.done() < count)
      throw new Error(`the worker ended with ${worker.done()} of ${count} tasks done: ${end}`);
    if (performance.now() > deadline)
      throw new Error(`${worker.done()} of ${count} tasks were done after ${DEADLINE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}

/** @returns the named share of latencies, in ms */
export function quantilesOf(latencies: readonly number[]): { p50: number; p99: number } {
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
