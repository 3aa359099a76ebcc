import process from 'node:process';
import { format } from 'node:util';
import type { TaskContext } from '../../../core/define-task.ts';
import type { KillCause } from '../../spawner/program-runner.ts';
import { ABORT_MESSAGES } from '../handlers.ts';
import { FromHost, LAST_CALL, type CallBody, type FailedBody } from '../host-messages.ts';
import type { GlobalWatch } from './global-watch.ts';
import type { HostChannel } from './host-channel.ts';

/** Kept, as a handler may put something else in its place: what is told of its end must not depend on it. */
const { stringify } = JSON;

/** A call while its handler runs, and who may still hold it afterwards. */
export class CurrentCall {
  readonly id: number;
  readonly context: TaskContext;
  readonly #channel: HostChannel;
  readonly #globals: GlobalWatch;
  readonly #abort = new AbortController();
  #isOver = false;

  constructor(id: number, { taskId, queue, attempt }: CallBody, channel: HostChannel, globals: GlobalWatch) {
    this.id = id;
    this.#channel = channel;
    this.#globals = globals;
    this.context = {
      taskId,
      queue,
      attempt,
      signal: this.#abort.signal,
      log: {
        info: (...values) => void process.stdout.write(`${format(...values)}\n`),
        error: (...values) => void process.stderr.write(`${format(...values)}\n`),
      },
      progress: (percent, message = '') => this.#progress(percent, message),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  abort(cause: KillCause): void {
    this.#channel.send(FromHost.aborting, this.id);
    const reason = new Error(ABORT_MESSAGES[cause], { cause });
    reason.name = 'AbortError'; // what code that is given a signal expects of its reason
    this.#abort.abort(reason);
  }

  /** @param json its result; empty: it has none */
  returned(json: string): void {
    this.#settle(FromHost.returned, json);
  }

  failed(body: FailedBody, stack?: string): void {
    if (this.#isOver) return;
    if (stack !== undefined) this.#channel.print(FromHost.stderr, this.id, Buffer.from(`${stack}\n`));
    this.#settle(FromHost.failed, stringify(body));
  }

  #settle(kind: number, body: string): void {
    if (this.#isOver) return;
    const changed = this.#globals.findChange();
    if (changed !== undefined) {
      const text = `it changed ${changed}, which all handlers of a process share: its process is not used again\n`;
      this.#channel.print(FromHost.stderr, this.id, Buffer.from(text));
    }
    // Child processes that the handler leaves running are ended with this process.
    const isLast = changed !== undefined || process.getActiveResourcesInfo().includes('ProcessWrap');
    this.#channel.send(kind, this.id + (isLast ? LAST_CALL : 0), body);
    this.#isOver = true; // not before: should the lines above throw, it is not told yet
  }

  #progress(percent: number, message: string): void {
    if (!(percent >= 0 && percent <= 100))
      throw new RangeError(`progress: expected 0 to 100 percent, got ${String(percent)}`);
    if (!this.#isOver) this.#channel.send(FromHost.progress, this.id, JSON.stringify({ percent, message }));
  }
}
