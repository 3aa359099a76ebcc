/**
 * Gathers single requests into batched ones: sends when `max` are there, or `lingerMs` after the first.
 * Sends overlap; `drain` waits for all of them.
 */
export class Batcher<T> {
  readonly #send: (entries: readonly T[]) => Promise<void>;
  readonly #max: number;
  readonly #lingerMs: number;
  #waiting: T[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #sending = new Set<Promise<void>>();

  /** @param send must not reject: what a failed batch means is its own affair */
  constructor(max: number, lingerMs: number, send: (entries: readonly T[]) => Promise<void>) {
    this.#max = max;
    this.#lingerMs = lingerMs;
    this.#send = send;
  }

  add(entry: T): void {
    this.#waiting.push(entry);
    if (this.#waiting.length >= this.#max) this.#sendNow();
    else this.#timer ??= setTimeout(() => this.#sendNow(), this.#lingerMs);
  }

  async drain(): Promise<void> {
    this.#sendNow();
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  #sendNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const entries = this.#waiting;
    this.#waiting = [];
    const sending = this.#send(entries).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }
}
