const WORTH_MS = 250; // of work held beyond the slots
const MAX_PREFETCH = 30;
const AHEAD_MS = 100; // of work claimed beyond the slots: a claim takes a tenth of that
const SAMPLES = 5; // before the average is trusted
const WEIGHT = 0.1; // of a new sample
const SLOW_MS = 150; // from one free slot to the next: nothing is held then
const MAX_SAMPLE_MS = 200; // a pause of the queue says little of what comes after it

/** How many messages to hold beyond the slots, and how many of them to claim. */
export interface Foresight {
  readonly size: number;
  readonly ahead: number;
  /** A slot has fallen free. @param at monotonic ms */
  freed(at: number): void;
}

/**
 * Says how many messages to hold beyond the slots, and to claim: some while slots fall free soon one after another, none
 * otherwise. How long tasks take is not asked: one that goes on for an hour holds a slot, and the others go on.
 */
export class Prefetch implements Foresight {
  readonly #slots: number;
  #freedAt: number | undefined;
  #intervalMs = 0;
  #samples = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  freed(at: number): void {
    const before = this.#freedAt;
    this.#freedAt = at;
    if (before === undefined) return;
    const intervalMs = Math.min(MAX_SAMPLE_MS, at - before);
    this.#samples += 1;
    const weight = Math.max(WEIGHT, 1 / this.#samples);
    this.#intervalMs += weight * (intervalMs - this.#intervalMs);
  }

  get size(): number {
    if (this.#samples < SAMPLES || this.#intervalMs > SLOW_MS) return 0;
    return Math.min(MAX_PREFETCH, Math.floor(WORTH_MS / Math.max(1, this.#intervalMs)));
  }

  /** A task that is claimed for a slot is RUNNING, and no other worker's: no more than will soon have one. */
  get ahead(): number {
    if (this.size === 0) return 0;
    return Math.min(this.#slots, Math.floor(AHEAD_MS / Math.max(1, this.#intervalMs)));
  }
}
