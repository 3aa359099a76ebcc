const WORTH_MS = 250; // of work held beyond the slots
const MAX_PREFETCH = 30;
const SAMPLES = 5; // before the average is trusted
const WEIGHT = 0.1; // of a new sample

/** Says how many messages to hold beyond the slots: some while recent tasks are short, none otherwise. */
export class Prefetch {
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
}
