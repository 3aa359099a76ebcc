import type { Dice } from '../sim/random.ts';

/** What may befall a worker process. */
export const WORKER_FAULTS = [
  'worker killed',
  'spawner killed',
  'starter killed',
  'worker and spawner killed',
  'worker told to stop',
  'worker told to stop twice',
] as const;
export type WorkerFault = (typeof WORKER_FAULTS)[number];

/** Something that is done to the run at a time of its plan. */
export type Fault =
  | {
      readonly kind: WorkerFault;
      readonly atMs: number;
      readonly worker: number;
      /** Also to one that is only starting; else as soon as it has begun to work. */
      readonly isEarly: boolean;
    }
  | { readonly kind: 'stack killed'; readonly atMs: number }
  /** So long after a load has begun. */
  | {
      readonly kind: 'stack killed in a load' | 'loader killed';
      readonly atMs: 0;
      readonly load: number;
      readonly afterMs: number;
    }
  | { readonly kind: 'tasks cancelled' | 'tasks redriven'; readonly atMs: number; readonly most: number }
  | { readonly kind: 'queue redriven'; readonly atMs: number }
  | { readonly kind: 'queue paused'; readonly atMs: number; readonly forMs: number };

/** One of a kind in so many seconds; at least one of each. */
const EVERY_SECONDS: Readonly<Record<WorkerFault, number>> = {
  'worker killed': 5,
  'spawner killed': 8,
  'starter killed': 12,
  'worker and spawner killed': 12,
  'worker told to stop': 9,
  'worker told to stop twice': 25,
};

/** @param loads how many tasks each has: a small one is soon in */
export function planFaults(dice: Dice, busyMs: number, workers: number, loads: readonly number[]): Fault[] {
  const faults: Fault[] = [];
  const times = (everySeconds: number, make: (atMs: number) => Fault): void => {
    const count = Math.max(1, Math.round(busyMs / 1000 / everySeconds));
    // One in each stretch of time, anywhere in it: never all at once, and never none for long.
    for (let n = 0; n < count; n += 1) {
      faults.push(make(Math.round((busyMs * (n + dice.between(0.1, 1))) / count)));
    }
  };
  for (const kind of WORKER_FAULTS) {
    times(EVERY_SECONDS[kind], (atMs) => ({
      kind,
      atMs,
      worker: dice.whole(0, workers - 1),
      isEarly: dice.chance(0.2),
    }));
  }
  times(40, (atMs) => ({ kind: 'stack killed', atMs }));
  times(6, (atMs) => ({ kind: 'tasks cancelled', atMs, most: dice.whole(1, 6) }));
  times(8, (atMs) => ({ kind: 'tasks redriven', atMs, most: dice.whole(2, 8) }));
  times(45, (atMs) => ({ kind: 'queue redriven', atMs }));
  times(30, (atMs) => ({ kind: 'queue paused', atMs, forMs: Math.round(dice.between(500, 3000)) }));
  for (const [load, tasks] of loads.entries()) {
    const after = () => Math.round(dice.between(0, 50 + tasks * 0.4));
    faults.push({ kind: 'loader killed', atMs: 0, load, afterMs: after() });
    faults.push({ kind: 'stack killed in a load', atMs: 0, load, afterMs: after() });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
