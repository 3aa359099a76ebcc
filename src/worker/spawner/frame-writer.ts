import type { Socket } from 'node:net';
import { toFrame } from './frames.ts';

/** Frames that are together larger than this do not wait for others. */
const FLUSH_BYTES = 16 * 1024;

/**
 * Writes the first frame of a turn of the event loop at once: whoever waits for it goes on. Those that come up after it
 * in the same turn are written together, since a write costs more than what a frame holds.
 */
export class FrameWriter {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #bytes = 0;
  #isGathering = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns false while the other side does not keep up: until the socket's `drain` */
  write(kind: number, run: number, body?: string | Buffer): boolean {
    const frame = toFrame(kind, run, body);
    this.#frames.push(frame);
    if (!this.#isGathering) {
      this.#isGathering = true;
      setImmediate(() => {
        this.#isGathering = false;
        this.flush();
      });
      return this.flush();
    }
    this.#bytes += frame.length;
    return this.#bytes >= FLUSH_BYTES ? this.flush() : !this.#socket.writableNeedDrain;
  }

  /** Writes what is waiting. */
  flush(): boolean {
    if (this.#frames.length === 0) return !this.#socket.writableNeedDrain;
    const bytes = this.#frames.length === 1 ? this.#frames[0]! : Buffer.concat(this.#frames);
    this.#frames = [];
    this.#bytes = 0;
    return this.#socket.writable && this.#socket.write(bytes);
  }

  /** Writes what is waiting, then ends the socket. */
  end(done?: () => void): void {
    this.flush();
    this.#socket.end(done);
  }
}
