import { BATCH_ENTRIES } from '../core/limits.ts';
import type { Log } from '../core/ports.ts';
import type { Settler } from '../core/settle.ts';

const LINGER_MS = 15; // lets the ends of several slots share one ledger write
const RETRY_MS = 1000;

/** Flushes the settler soon after ends have been recorded, as many at a time as there are. */
export class SettleLoop {
  readonly #settler: Settler;
  readonly #log: Log;
  readonly #watch: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #flushing = false;

  constructor(settler: Settler, log: Log) {
    this.#settler = settler;
    this.#log = log;
    // An end that is stamped anew, since its ledger had to be closed, comes in without a kick.
    this.#watch = setInterval(() => this.#flushLeft(), RETRY_MS);
  }

  /** An end has been recorded. */
  kick(): void {
    if (this.#settler.uncounted >= BATCH_ENTRIES) void this.#flush();
    else this.#schedule(LINGER_MS);
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

  #clearTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flushLeft(): void {
    if (this.#settler.uncounted > 0) this.#schedule(LINGER_MS);
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
