import { setTimeout as sleep } from 'node:timers/promises';
import { ratePerSecond } from './figures.ts';
import { readTree, type TreeUse } from './process-tree.ts';
import type { System, Worker } from './systems/system.ts';
import type { Kind, Task } from './workload.ts';

export interface Drained {
  readonly perSecond: number;
  readonly enqueuedPerSecond: number;
  /** Of the worker's process tree, for each task once half of them had ended: without its start-up. */
  readonly cpuMsPerTask: number;
  readonly workerMiB: number;
  readonly childrenMiB: number;
}

const LOOK_MS = 10;
/** What a worker still writes and deletes after its last task's end is on its bill. */
const AFTERMATH_MS = 200;
/** Its start and what a runtime compiles first are not what a task costs. */
const WARM_UP = 0.5;
const DEADLINE_MS = 300_000;

/** Fills a queue, then has one worker empty it. */
export async function drain(
  system: System,
  kind: Kind,
  slots: number,
  tasks: readonly Task[],
): Promise<Drained> {
  const session = await system.open();
  try {
    const enqueueMs = await session.enqueue(kind, tasks);
    const worker = await session.startWorker(kind, slots, tasks, 'empty');
    try {
      const { warm, last } = await watch(worker, tasks.length);
      const { ends } = await worker.times();
      if (ends.length !== tasks.length) throw new Error(`expected ${tasks.length} ends, got ${ends.length}`);
      // A log may tell of ends a moment later than they were.
      const before = Math.max(warm.done, ends.filter((end) => end <= warm.at).length);
      return {
        perSecond: ratePerSecond(ends),
        enqueuedPerSecond: (tasks.length * 1000) / enqueueMs,
        cpuMsPerTask: last ? (last.cpuMs - warm.use.cpuMs) / (tasks.length - before) : NaN,
        workerMiB: (last ?? warm.use).rootMiB,
        childrenMiB: (last ?? warm.use).childrenMiB,
      };
    } finally {
      await worker.stop();
    }
  } finally {
    await session.close();
  }
}

interface Watched {
  readonly warm: { readonly done: number; readonly at: number; readonly use: TreeUse };
  /** None when it had ended by then. */
  readonly last?: TreeUse;
}

/** Looks at the worker's processes twice: when it is warm, and when it has done all. */
async function watch(worker: Worker, count: number): Promise<Watched> {
  await doneWhen(worker, Math.ceil(count * WARM_UP));
  const warm = { use: readTree(worker.pids), done: worker.done(), at: Date.now() };
  await doneWhen(worker, count);
  let last: TreeUse | undefined;
  // One that stops at an empty queue may be gone before the aftermath is over.
  for (const until = performance.now() + AFTERMATH_MS; performance.now() < until; await sleep(2 * LOOK_MS)) {
    try {
      last = readTree(worker.pids);
    } catch {
      break;
    }
  }
  return { warm, ...(last && { last }) };
}

/** @throws Error when it ends before, or takes too long */
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
