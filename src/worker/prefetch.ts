const WORTH_MS = 250; // of work held beyond the slots
const MAX_PREFETCH = 30;
const AHEAD_MS = 25; // of work claimed beyond the slots: about what a claim takes
const SAMPLES = 5; // before the average is trusted
const WEIGHT = 0.1; // of a new sample

/** How many messages to hold beyond the slots, and how many of them to claim. */
export interface Foresight {
  readonly size: number;
  readonly ahead: number;
  /** A task has held a slot for so long. */
  ran(ms: number): void;
}

/** Says how many messages to hold beyond the slots, and to claim: some while recent tasks are short, none otherwise. */
export class Prefetch implements Foresight {
  readonly #slots: number;
  #averageMs = 0;
  #samples = 0;

  constructor(slots: number) {
    this.#slots = slots;
  }

  ran(ms: number): void {
    this.#samples += 1;
    const weight = Math.max(WEIGHT, 1 / this.#samples);
    this.#averageMs += weight * (ms - this.#averageMs);
  }

  get size(): number {
    if (this.#samples < SAMPLES) return 0;
    return Math.min(MAX_PREFETCH, Math.floor(WORTH_MS / Math.max(1, this.#averageMs)) * this.#slots);
  }

  /** A task that is claimed for a slot is RUNNING, and no other worker's: no more than will soon have one. */
  get ahead(): number {
    if (this.size === 0) return 0;
    return Math.min(this.#slots, Math.floor((AHEAD_MS * this.#slots) / Math.max(1, this.#averageMs)));
  }
}
