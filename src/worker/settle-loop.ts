import { BATCH_ENTRIES } from '../core/limits.ts';
import type { Log } from '../core/ports.ts';
import type { Settler } from '../core/settle.ts';

// Lets the ends of several slots share one ledger write, which costs as much as an end: longer while more are to come.
const LINGER_MS = 15;
const BUSY_LINGER_MS = 100;
const RETRY_MS = 1000;

/** Flushes the settler soon after ends have been recorded, as many at a time as there are. */
export class SettleLoop {
  readonly #settler: Settler;
  readonly #log: Log;
  readonly #isBusy: () => boolean;
  readonly #watch: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;

  /** @param isBusy whether programs run */
  constructor(settler: Settler, log: Log, isBusy: () => boolean) {
    this.#settler = settler;
    this.#log = log;
    this.#isBusy = isBusy;
    // An end that is stamped anew, since its ledger had to be closed, comes in without a kick.
    this.#watch = setInterval(() => this.#flushLeft(), RETRY_MS);
  }

  /** An end has been recorded. */
  kick(): void {
    if (this.#settler.countable >= BATCH_ENTRIES) void this.#flush();
    else this.#schedule(this.#lingerMs());
  }

  /** Counts what is left. @returns whether nothing is */
  async drain(): Promise<boolean> {
    this.#clearTimer();
    try {
      await this.#settler.flush();
      return true;
    } catch (error) {
      this.#log.warn({ err: error }, 'could not count the last ends: whoever receives their messages will');
      return false;
    }
  }

  close(): void {
    clearInterval(this.#watch);
    this.#clearTimer();
  }

  #lingerMs(): number {
    return this.#isBusy() ? BUSY_LINGER_MS : LINGER_MS;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flushLeft(): void {
    if (this.#settler.uncounted > 0) this.#schedule(this.#lingerMs());
  }

  #schedule(ms: number): void {
    this.#timer ??= setTimeout(() => void this.#flush(), ms);
  }

  async #flush(): Promise<void> {
    this.#clearTimer();
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      await this.#settler.flush();
    } catch (error) {
      this.#log.warn({ err: error }, 'could not count ends; trying again');
      this.#schedule(RETRY_MS);
    } finally {
      this.#flushing = false;
    }
    this.#flushLeft();
  }
}
