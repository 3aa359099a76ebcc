import type { Log, QueueStore } from '../core/ports.ts';
import type { QueueControl } from '../core/queue-control.ts';

/** The control item of a queue, read again when it is older than the caller can bear. */
export class ControlWatch {
  readonly #queues: QueueStore;
  readonly #queue: string;
  readonly #monotonic: () => number;
  readonly #log: Log;
  #control: QueueControl = { paused: false, purgedBefore: 0, cancels: 0 };
  #readAt = -Infinity;
  #reading: Promise<QueueControl> | undefined;

  constructor(queues: QueueStore, queue: string, monotonic: () => number, log: Log) {
    this.#queues = queues;
    this.#queue = queue;
    this.#monotonic = monotonic;
    this.#log = log;
  }

  /** As it was last seen. */
  get seen(): QueueControl {
    return this.#control;
  }

  /** At most `maxAgeMs` old; when it cannot be read, as it was last seen. */
  async read(maxAgeMs: number): Promise<QueueControl> {
    if (this.#monotonic() - this.#readAt <= maxAgeMs) return this.#control;
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<QueueControl> {
    const at = this.#monotonic();
    try {
      this.#control = await this.#queues.readControl(this.#queue);
      this.#readAt = at;
    } catch (error) {
      this.#log.warn({ err: error }, 'could not read whether the queue is paused; going by what it was');
    }
    return this.#control;
  }
}
