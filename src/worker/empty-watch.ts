import { NEWEST_VERSION } from '../core/envelope.ts';
import { MAX_NEWER_WAIT_MS } from '../core/limits.ts';
import { leftForNewer } from '../core/newer-messages.ts';
import type { MessageQueue, QueueCounts } from '../core/ports.ts';
import type { ControlWatch } from './control-watch.ts';
import type { NewerMessages } from './newer-messages.ts';
import type { WorkerSettings } from './worker-settings.ts';

const FIRST_WAIT_SECONDS = 1;
const LAST_WAIT_SECONDS = 5; // between looks of a worker that only waits for others to finish

/** Decides how long to wait for messages, and when a queue counts as empty. */
export class EmptyWatch {
  readonly #settings: WorkerSettings;
  readonly #queue: MessageQueue;
  readonly #newer: NewerMessages;
  readonly #control: ControlWatch;
  #idleSince: number;
  #seenEmpty = 0;
  #waitSeconds = FIRST_WAIT_SECONDS;

  constructor(settings: WorkerSettings, queue: MessageQueue, newer: NewerMessages, control: ControlWatch) {
    this.#settings = settings;
    this.#queue = queue;
    this.#newer = newer;
    this.#control = control;
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

  /**
   * After a receive that brought nothing: whether the queue has been seen empty often enough. Messages that only
   * newer workers can run are none that this one need stay for; the last look leaves a note of them.
   */
  async isEmpty(): Promise<boolean> {
    let left;
    try {
      const counts = await this.#queue.counts();
      left = counts.visible + counts.delayed + counts.inFlight;
      if (left > 0 && !(await this.#areAllNewer(counts, left))) {
        this.#seenEmpty = 0;
        return false;
      }
    } catch (error) {
      this.#settings.ports.log.warn({ err: error }, 'could not count the messages; trying again');
      return false;
    }
    this.#seenEmpty += 1;
    this.#waitSeconds = FIRST_WAIT_SECONDS;
    if (this.#seenEmpty < this.#settings.emptyChecks) return false;
    if (left > 0) await this.#noteNewer(left);
    return true;
  }

  /** Whether what is left, and out of sight, has all been met by workers of this version, and found newer. */
  async #areAllNewer({ visible }: QueueCounts, left: number): Promise<boolean> {
    const { ports, definition, worker } = this.#settings;
    const mine = this.#newer.count;
    const noted = leftForNewer(this.#control.seen, ports.clock());
    if (visible > 0 || mine + noted === 0) return false;
    if (Math.max(mine, noted) >= left) return true;
    const aliveSince = ports.clock() - definition.leaseSeconds * 1000;
    const others = (await ports.queues.workers(definition.name)).filter(
      (report) => report.worker !== worker && report.at >= aliveSince,
    );
    return others.reduce((sum, report) => sum + (report.newer ?? 0), mine) >= left;
  }

  async #noteNewer(count: number): Promise<void> {
    const { ports, definition } = this.#settings;
    ports.log.warn({ messages: count }, 'leaving messages to workers of a newer version of Millrace');
    const until = ports.clock() + MAX_NEWER_WAIT_MS;
    await ports.queues
      .noteNewer(definition.name, { version: NEWEST_VERSION, count, until })
      .catch((error: unknown) =>
        ports.log.warn({ err: error }, 'could not note that; another worker may be started for them'),
      );
  }

  #idleLeftMs(): number {
    return (this.#settings.idleExitMs ?? Infinity) - (this.#settings.monotonic() - this.#idleSince);
  }
}
