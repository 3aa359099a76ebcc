/** One message on a pipe of the worker's: what it is, which run or call it is about, its content. */
export interface Frame {
  kind: number;
  run: number;
  body: Buffer;
}

/** Length of the body (4 bytes), kind (1), run (4). */
const HEADER_BYTES = 9;

/** The bytes of a frame; output travels raw, not as JSON, which would escape and decode all of it. */
export function toFrame(kind: number, run: number, body: string | Buffer = ''): Buffer {
  const bodyBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const frame = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes);
  frame.writeUInt32BE(bodyBytes, 0);
  frame.writeUInt8(kind, 4);
  frame.writeUInt32BE(run, 5);
  if (typeof body === 'string') frame.write(body, HEADER_BYTES);
  else body.copy(frame, HEADER_BYTES);
  return frame;
}

/** Cuts the bytes that arrive, in whatever pieces, into frames. */
export class FrameReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #size = 0;
  /** Nothing is joined before this many bytes are there, or a large frame would be copied per piece. */
  #needed = HEADER_BYTES;

  /** @param maxBytes of a frame from somebody who is not trusted: the header alone could ask for 4 GiB */
  constructor(maxBytes = Infinity) {
    this.#maxBytes = maxBytes;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** The next whole frame, or undefined until more bytes come. @throws for one that is too long */
  next(): Frame | undefined {
    if (this.#size < this.#needed) return undefined;
    const bytes = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const end = HEADER_BYTES + bytes.readUInt32BE(0);
    if (end > this.#maxBytes)
      throw new Error(`expected a frame of at most ${this.#maxBytes} bytes, got ${end}`);
    const rest = bytes.subarray(Math.min(end, bytes.length));
    if (bytes.length < end) {
      this.#pieces = [bytes];
      this.#needed = end;
      return undefined;
    }
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    this.#needed = HEADER_BYTES;
    return { kind: bytes.readUInt8(4), run: bytes.readUInt32BE(5), body: bytes.subarray(HEADER_BYTES, end) };
  }
}
