import type { OutputTail } from './output-tail.ts';

/** After the program has ended, so much may still be read of what it left in the pipe (1 MiB at most). */
const MAX_REST_BYTES = 1024 * 1024;

/** Passes a piece on; false: nothing more until `resume` is called. */
export type Forward = (piece: Buffer, resume: () => void) => boolean;

/** The end of a pipe that can be read from, such as a socket of Node's. */
export interface OutputSource {
  on(event: 'data', listener: (piece: Buffer) => void): unknown;
  /** `end`: no process holds the other end any more. `close`, always last: nothing more will come. */
  on(event: 'end' | 'close' | 'error', listener: () => void): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/** Reads one output of a program into its tail and, if wanted, on to the worker. */
export class OutputCapture {
  readonly #source: OutputSource;
  readonly #tail: OutputTail;
  readonly #forward: Forward | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #restBytes: number | undefined;
  #ended = false;
  #isClosed = false;

  constructor(source: OutputSource, tail: OutputTail, forward?: Forward) {
    this.#tail = tail;
    this.#forward = forward;
    this.#source = source;
    source.on('data', (piece: Buffer) => this.#take(piece));
    source.on('end', () => (this.#ended = true));
    // A pipe that cannot be read is over: `close` follows, and `ended` stays false.
    source.on('error', () => {});
    source.on('close', () => {
      this.#isClosed = true;
      this.#closed.resolve();
    });
  }

  /** Resolves when nothing more will come: every writer is gone, or `stop` was called. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the end was read, so that no process holds the pipe's other end any more. */
  get ended(): boolean {
    return this.#ended;
  }

  get tail(): string {
    return this.#tail.text();
  }

  /** The program is gone: reads what is left in the pipe, whether the worker keeps up or not. */
  readRest(): void {
    this.#restBytes = 0;
    this.#source.resume();
  }

  stop(): void {
    this.#source.destroy();
  }

  #take(piece: Buffer): void {
    this.#tail.push(piece);
    const goOn = this.#forward?.(piece, () => this.#source.resume()) ?? true;
    if (this.#restBytes === undefined) {
      if (!goOn) this.#source.pause();
      return;
    }
    this.#restBytes += piece.length;
    if (this.#restBytes > MAX_REST_BYTES) this.stop(); // a process that left the group goes on printing
  }
}
