import type { MessageQueue } from '../core/ports.ts';
import type { WorkerSettings } from './worker-settings.ts';

const FIRST_WAIT_SECONDS = 1;
const LAST_WAIT_SECONDS = 5; // between looks of a worker that only waits for others to finish

/** Decides how long to wait for messages, and when a queue counts as empty. */
export class EmptyWatch {
  readonly #settings: WorkerSettings;
  readonly #queue: MessageQueue;
  #idleSince: number;
  #seenEmpty = 0;
  #waitSeconds = FIRST_WAIT_SECONDS;

  constructor(settings: WorkerSettings, queue: MessageQueue) {
    this.#settings = settings;
    this.#queue = queue;
    this.#idleSince = settings.monotonic();
  }

  /** After a receive. */
  saw(messages: number, isIdle: boolean): void {
    if (messages > 0) this.#waitSeconds = FIRST_WAIT_SECONDS;
    else this.#waitSeconds = Math.min(this.#waitSeconds * 2, LAST_WAIT_SECONDS);
    if (messages === 0 && isIdle) return;
    this.#idleSince = this.#settings.monotonic();
    this.#seenEmpty = 0;
  }

  /** For the next receive: one that must notice that all is done does not wait long, though it is busy now. */
  waitSeconds(): number {
    const { mode, pollSeconds, idleExitMs } = this.#settings;
    const wait = mode === 'forever' ? pollSeconds : Math.min(this.#waitSeconds, pollSeconds);
    if (idleExitMs === undefined) return wait;
    return Math.min(wait, Math.max(1, Math.ceil(Math.min(this.#idleLeftMs(), idleExitMs) / 1000)));
  }

  isIdleLongEnough(): boolean {
    return this.#settings.idleExitMs !== undefined && this.#idleLeftMs() <= 0;
  }

  /** After a receive that brought nothing: whether the queue has been seen empty often enough. */
  async isEmpty(): Promise<boolean> {
    let counts;
    try {
      counts = await this.#queue.counts();
    } catch (error) {
      this.#settings.ports.log.warn({ err: error }, 'could not count the messages; trying again');
      return false;
    }
    if (counts.visible + counts.delayed + counts.inFlight > 0) {
      this.#seenEmpty = 0;
      return false;
    }
    this.#seenEmpty += 1;
    this.#waitSeconds = FIRST_WAIT_SECONDS;
    return this.#seenEmpty >= this.#settings.emptyChecks;
  }

  #idleLeftMs(): number {
    return (this.#settings.idleExitMs ?? Infinity) - (this.#settings.monotonic() - this.#idleSince);
  }
}
