import { BATCH_ENTRIES } from '../core/limits.ts';
import { handleMessage, type Handling } from './handle-message.ts';
import type { HeldMessage } from './held-messages.ts';
import { Prefetch } from './prefetch.ts';

const STALE_MS = 2000; // a message held for longer without a slot is somebody else's to run

/** The slots of a worker and the short line before them. */
export class Slots {
  readonly #handling: Handling;
  readonly #size: number;
  readonly #prefetch: Prefetch;
  readonly #line: HeldMessage[] = [];
  readonly #recordings = new Set<Promise<void>>();
  readonly #stale: NodeJS.Timeout;
  #busy = 0;
  #ran = 0;
  #freedAt = -Infinity;
  #isOpen = true;
  #wake: () => void = () => {};

  constructor(handling: Handling) {
    this.#handling = handling;
    this.#size = handling.settings.slots;
    this.#prefetch = new Prefetch(this.#size);
    this.#stale = setInterval(() => this.#releaseStale(), STALE_MS / 2);
  }

  /**
   * How many messages may be received now. While a line of short tasks lasts, receives wait until they can be full:
   * SQS bills by the request.
   */
  get room(): number {
    const room = this.#room;
    return room < BATCH_ENTRIES && this.#line.length >= BATCH_ENTRIES ? 0 : room;
  }

  get #room(): number {
    const { mode, monotonic } = this.#handling.settings;
    // What runs now may be longer than what ran before: a line would only be let go again.
    const isStuck = this.#busy === this.#size && monotonic() - this.#freedAt > STALE_MS;
    const prefetch = mode === 'once' || isStuck ? 0 : this.#prefetch.size;
    return this.#size + prefetch - this.#busy - this.#line.length;
  }

  get isIdle(): boolean {
    return this.#busy === 0 && this.#line.length === 0;
  }

  /** Attempts run so far. */
  get ran(): number {
    return this.#ran;
  }

  /** Resolves the next time that a slot falls free, or at `wake`. For one caller at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** Has the caller of `changed` look again. */
  wake(): void {
    this.#wake();
  }

  take(messages: readonly HeldMessage[]): void {
    this.#line.push(...messages);
    this.#fill();
  }

  /** Lets go what waits for a slot, and starts nothing more. */
  close(): void {
    this.#isOpen = false;
    clearInterval(this.#stale);
    this.releaseLine();
  }

  releaseLine(): void {
    for (const message of this.#line.splice(0)) this.#handling.held.release(message, 0);
  }

  /** Resolves when the ends of all attempts that have ended are recorded. */
  async recorded(): Promise<void> {
    while (this.#recordings.size > 0) await Promise.all(this.#recordings);
  }

  #fill(): void {
    while (this.#isOpen && !this.#handling.settings.stop.aborted && this.#busy < this.#size) {
      const message = this.#line.shift();
      if (!message) return;
      void this.#run(message);
    }
  }

  async #run(message: HeldMessage): Promise<void> {
    this.#busy += 1;
    if (this.#busy === 1) this.#handling.settings.onBusy?.(true);
    const startedAt = this.#handling.settings.monotonic();
    const { ran, recording } = await handleMessage(this.#handling, message);
    if (ran) {
      this.#ran += 1;
      this.#prefetch.ran(this.#handling.settings.monotonic() - startedAt);
    }
    const tracked = recording.finally(() => this.#recordings.delete(tracked));
    this.#recordings.add(tracked);
    this.#busy -= 1;
    this.#freedAt = this.#handling.settings.monotonic();
    this.#fill();
    if (this.#busy === 0) this.#handling.settings.onBusy?.(false);
    this.#wake();
  }

  #releaseStale(): void {
    const { held, settings } = this.#handling;
    const before = settings.monotonic() - STALE_MS;
    while (this.#line[0] && this.#line[0].renewedAt < before) {
      const message = this.#line.shift();
      if (message) held.release(message, 0);
    }
  }
}
