import { doneWhen } from './drain.ts';
import type { System } from './systems/system.ts';
import type { Kind, Task } from './workload.ts';

/** What each slot does before it is measured: by then processes are made, and code is compiled. */
const WARM_UP: readonly { readonly task: Task; readonly times: number }[] = [
  { task: { command: 'sleep 0.5', ms: 500 }, times: 2 },
  { task: { command: 'sleep 0.01', ms: 10 }, times: 150 },
];

/**
 * How long a warm worker takes for tasks that lie in its queue behind those that warm it, from the first start to the
 * last end, in ms.
 */
export async function measureMakespan(
  system: System,
  kind: Kind,
  slots: number,
  tasks: readonly Task[],
): Promise<number> {
  const warmUp = WARM_UP.flatMap(({ task, times }) => Array.from({ length: times * slots }, () => task));
  const count = warmUp.length + tasks.length;
  const session = await system.open();
  try {
    await session.enqueue(kind, warmUp);
    await session.enqueue(kind, tasks);
    const worker = await session.startWorker(kind, slots, tasks, 'stopped');
    try {
      await doneWhen(worker, count);
      const { firstStart, lastEnd, ends } = await worker.times();
      if (ends.length !== count) throw new Error(`expected ${count} ends, got ${ends.length}`);
      return ((await lastEnd?.()) ?? Math.max(...ends)) - (await firstStart(warmUp.length));
    } finally {
      await worker.stop();
    }
  } finally {
    await session.close();
  }
}
