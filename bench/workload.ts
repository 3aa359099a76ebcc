/** What a task runs: a shell command in a process of its own, or a function of the worker's. */
export type Kind = 'command' | 'handler';

/** A task of any system's: as a command its text, as a handler how long it sleeps. */
export interface Task {
  readonly command: string;
  readonly ms: number;
}

const NOOP: Task = { command: 'true', ms: 0 };

export function noops(count: number): Task[] {
  return Array.from({ length: count }, () => NOOP);
}

/**
 * The heavy-tailed mix: nine tasks of ten are over at once, the tenth takes a hundred times as long. In the order of this
 * seed a line that serves first come, first served can use 0.96 of the slots' time.
 */
export const MIX = { count: 400, shortMs: 10, longMs: 1000, longShare: 0.1, slots: 8, seed: 22 } as const;

/** @returns the mix in its one fixed order */
export function heavyTail(count: number = MIX.count): Task[] {
  const long = Math.round(count * MIX.longShare);
  const durations = Array.from({ length: count }, (_, index) => (index < long ? MIX.longMs : MIX.shortMs));
  return shuffled(durations, MIX.seed).map((ms) => ({ command: `sleep ${ms / 1000}`, ms }));
}

/** Fisher and Yates' shuffle, the same for the same seed wherever it runs. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  const random = mulberry32(seed);
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

/** Numbers in [0, 1) from 32 bits of state (the generator that is known as mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
