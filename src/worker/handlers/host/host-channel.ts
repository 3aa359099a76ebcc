import { writeSync } from 'node:fs';
import process from 'node:process';
import { toFrame } from '../../spawner/frames.ts';

const FD = 3;
const PIECE_BYTES = 64 * 1024;

/**
 * The host's end of the connection, for writing. Synchronous: what was written is on its way whatever the handler
 * does next (an endless loop, `process.exit`), in order, and a handler that prints faster than the worker reads
 * waits instead of filling its memory.
 */
export class HostChannel {
  readonly #nap = new Int32Array(new SharedArrayBuffer(4));

  send(kind: number, call: number, body: string | Buffer = ''): void {
    this.#write(toFrame(kind, call, body));
  }

  /** Output, in pieces that fit a frame. */
  print(kind: number, call: number, bytes: Buffer): void {
    for (let from = 0; from < bytes.length; from += PIECE_BYTES)
      this.send(kind, call, bytes.subarray(from, from + PIECE_BYTES));
  }

  #write(frame: Buffer): void {
    for (let written = 0; written < frame.length;) {
      try {
        written += writeSync(FD, frame, written);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EAGAIN') process.exit(1); // the worker is gone, and this process goes with it
        Atomics.wait(this.#nap, 0, 0, 1);
      }
    }
  }
}
