import { write, writeSync } from 'node:fs';
import process from 'node:process';

const MIN_BYTES = 4096;
const FLUSH_MS = 50;
/** Of lines that nobody takes. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;
/** Before what could not be written is tried again: a pipe is full, or anything else is wrong. */
const FULL_MS = 10;
const RETRY_MS = 500;
/** At the end, a full pipe is waited for no longer than this. */
const LAST_MS = 2000;

const EMPTY = Buffer.alloc(0);

/** What a worker says of lines that were lost. */
export const LINES_LOST = 'lines of this log are lost: they could not be written as fast as they came';

/**
 * Where a worker's log goes: a short task is a line, and a write to the system for each would cost a good part of what
 * the task does; a program that prints much must not wait for one each, either. Lines are held back for 50 ms at most.
 *
 * A log that cannot be written (a full disk, a reader that has stopped) ends no task and fills no memory: it is tried
 * again, and lines are lost meanwhile. (pino's own stream ends the process, holds all that comes, and never comes back
 * from a last write to a full disk.)
 */
export class LogStream {
  readonly #fd: number;
  readonly #onLost: (lines: number) => void;
  readonly #maxHeldBytes: number;
  #lines = '';
  /** Of earlier lines: what is being written, or could not be. */
  #piece: Buffer = EMPTY;
  #heldBytes = 0;
  #isWriting = false;
  #isBroken = false;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;

  /** @param onLost told how many lines were lost, once the others are written */
  constructor(fd: number, onLost: (lines: number) => void, maxHeldBytes = MAX_HELD_BYTES) {
    this.#fd = fd;
    this.#onLost = onLost;
    this.#maxHeldBytes = maxHeldBytes;
    process.once('exit', () => this.flushSync());
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#isBroken || this.#heldBytes + bytes > this.#maxHeldBytes) {
      this.#lost += 1;
      return;
    }
    this.#lines += line;
    this.#heldBytes += bytes;
    if (this.#isWriting || this.#piece.length > 0) return;
    if (this.#heldBytes >= MIN_BYTES) this.#write();
    else this.#plan(FLUSH_MS);
  }

  /** Writes what is held back, as far as that is possible: the process ends. */
  flushSync(): void {
    const pieces: Buffer[] = [Buffer.from(this.#lines)];
    this.#lines = '';
    // What is being written is in the system's hands.
    if (!this.#isWriting) {
      pieces.unshift(this.#piece);
      this.#piece = EMPTY;
    }
    let rest = Buffer.concat(pieces);
    this.#heldBytes -= rest.length;
    const until = performance.now() + LAST_MS;
    while (rest.length > 0 && performance.now() < until) {
      try {
        rest = rest.subarray(writeSync(this.#fd, rest));
      } catch (error) {
        if (!isFull(error)) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_MS);
      }
    }
  }

  #plan(ms: number): void {
    this.#timer ??= setTimeout(() => this.#write(), ms).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#nextPiece()) return;
    this.#isWriting = true;
    write(this.#fd, this.#piece, (error, written) => {
      this.#isWriting = false;
      if (error) return this.#failed(error);
      this.#took(written);
      if (this.#piece.length > 0 || this.#heldBytes >= MIN_BYTES) this.#write();
      else if (this.#heldBytes > 0) this.#plan(FLUSH_MS);
    });
  }

  #nextPiece(): boolean {
    if (this.#piece.length === 0) {
      this.#piece = Buffer.from(this.#lines);
      this.#lines = '';
    }
    return this.#piece.length > 0;
  }

  #took(bytes: number): void {
    this.#piece = this.#piece.subarray(bytes);
    this.#heldBytes -= bytes;
    if (this.#heldBytes > 0 || this.#lost === 0) return;
    const lost = this.#lost;
    this.#lost = 0;
    this.#onLost(lost);
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE') return this.#plan(isFull(error) ? FULL_MS : RETRY_MS);
    // Nobody reads it any more, and nobody ever will.
    this.#isBroken = true;
    this.#lines = '';
    this.#piece = EMPTY;
  }
}

/** The pipe is, which does not block where it is the process's STDOUT. */
function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
