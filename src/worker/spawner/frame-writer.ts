import type { Socket } from 'node:net';
import { toFrame } from './frames.ts';

/** Frames that are together larger than this do not wait for others. */
const FLUSH_BYTES = 16 * 1024;

/** Writes the frames that come up in one turn of the event loop at once: a write costs more than what a frame holds. */
export class FrameWriter {
  readonly #socket: Socket;
  #frames: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** @returns false while the other side does not keep up: until the socket's `drain` */
  write(kind: number, run: number, body?: string | Buffer): boolean {
    const frame = toFrame(kind, run, body);
    if (this.#frames.push(frame) === 1) setImmediate(() => this.flush());
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
