import type { Scheduler } from '../core/scheduler.ts';

/** A scheduler that is loaded when it is first needed: most who enqueue never do. */
export function makeLazyScheduler(maxBodyBytes: number, load: () => Promise<Scheduler>): Scheduler {
  let loaded: Promise<Scheduler> | undefined;
  const use = async <T>(work: (scheduler: Scheduler) => Promise<T>): Promise<T> =>
    work(
      // One that fails is tried again for the next request.
      await (loaded ??= load().catch((error: unknown) => {
        loaded = undefined;
        throw error;
      })),
    );
  return {
    maxBodyBytes,
    sendLater: (later) => use((scheduler) => scheduler.sendLater(later)),
    dropLater: (later) => use((scheduler) => scheduler.dropLater(later)),
    create: (schedule) => use((scheduler) => scheduler.create(schedule)),
    replace: (schedule) => use((scheduler) => scheduler.replace(schedule)),
    read: (queue, name) => use((scheduler) => scheduler.read(queue, name)),
    list: (queue, limit, cursor) => use((scheduler) => scheduler.list(queue, limit, cursor)),
    remove: (queue, name) => use((scheduler) => scheduler.remove(queue, name)),
  };
}
