import { MAX_CHUNK_RAW_BYTES, MAX_CHUNK_TASKS, MAX_PROGRAM_BYTES } from '../../core/limits.ts';

/** Longer lines cannot be tasks. */
export const MAX_LINE_BYTES = MAX_PROGRAM_BYTES;

const LINE_FEED = 0x0a;

/** Where in the input a chunk begins, and what its number is: all that is needed to go on from there. */
export interface ChunkStart {
  readonly chunk: number;
  readonly line: number;
  readonly offset: number;
}

/** Lines of the input that go out in one request. */
export interface InputChunk {
  readonly start: ChunkStart;
  /** The start of the next one. */
  readonly next: ChunkStart;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Lines that are not blank; a chunk without any is not sent and has no number of its own. */
  readonly tasks: number;
  readonly tooLong: readonly { readonly line: number; readonly bytes: number }[];
}

export const FIRST_CHUNK: ChunkStart = { chunk: 0, line: 1, offset: 0 };

/**
 * Cuts the input into chunks by its bytes alone: the same input gives the same chunks, however it arrives, and
 * from whichever chunk one starts. Every line keeps its place; one that is too long leaves a blank line in it.
 * All lines pass through one piece of memory: an object a line would be most of what a load leaves to collect.
 */
export class Chunker {
  /** The lines of the open chunk, and behind them the line that is coming in, unless it is too long. */
  readonly #memory = new Uint8Array(MAX_CHUNK_RAW_BYTES + MAX_LINE_BYTES + 1);
  #start: ChunkStart;
  /** Where the line that is coming in begins, in the input. */
  #offset: number;
  #bytes = 0;
  #lines = 0;
  #tasks = 0;
  #tooLong: { line: number; bytes: number }[] = [];
  /** Of the line that is coming in: its bytes, and how many of them are kept. */
  #length = 0;
  #kept = 0;

  constructor(start: ChunkStart = FIRST_CHUNK) {
    this.#start = start;
    this.#offset = start.offset;
  }

  /** The chunks that these bytes complete. The buffer may be used again afterwards. */
  push(buffer: Uint8Array): InputChunk[] {
    const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
    const chunks: InputChunk[] = [];
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, from)) {
      this.#keep(bytes, from, at);
      this.#endLine(1, chunks);
      from = at + 1;
    }
    this.#keep(bytes, from, bytes.length);
    return chunks;
  }

  /** What is left when the input ends. */
  end(): InputChunk[] {
    const chunks: InputChunk[] = [];
    if (this.#length > 0) this.#endLine(0, chunks);
    if (this.#lines > 0) chunks.push(this.#close());
    return chunks;
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    this.#length += to - from;
    if (this.#length > MAX_LINE_BYTES) {
      this.#kept = 0;
    } else {
      bytes.copy(this.#memory, this.#bytes + this.#kept, from, to);
      this.#kept += to - from;
    }
  }

  #endLine(lineFeeds: number, chunks: InputChunk[]): void {
    const size = this.#kept + 1;
    const tasks = this.#isBlank() ? 0 : 1;
    const isFull = this.#bytes + size > MAX_CHUNK_RAW_BYTES || this.#tasks + tasks > MAX_CHUNK_TASKS;
    if (isFull) chunks.push(this.#close());
    if (this.#length > MAX_LINE_BYTES)
      this.#tooLong.push({ line: this.#start.line + this.#lines, bytes: this.#length });
    this.#memory[this.#bytes + this.#kept] = LINE_FEED;
    this.#bytes += size;
    this.#lines += 1;
    this.#tasks += tasks;
    this.#offset += this.#length + lineFeeds;
    this.#length = 0;
    this.#kept = 0;
  }

  /** Spaces, tabs and carriage returns only: such a line is no task. */
  #isBlank(): boolean {
    for (let at = this.#bytes; at < this.#bytes + this.#kept; at += 1) {
      const byte = this.#memory[at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
    }
    return true;
  }

  #close(): InputChunk {
    const start = this.#start;
    const next = {
      chunk: start.chunk + (this.#tasks > 0 ? 1 : 0),
      line: start.line + this.#lines,
      offset: this.#offset,
    };
    const body = this.#memory.slice(0, this.#bytes);
    const chunk = { start, next, body, tasks: this.#tasks, tooLong: this.#tooLong };
    this.#memory.copyWithin(0, this.#bytes, this.#bytes + this.#kept);
    this.#start = next;
    this.#bytes = 0;
    this.#lines = 0;
    this.#tasks = 0;
    this.#tooLong = [];
    return chunk;
  }
}

/** The chunks of a stream, whose buffers may be used again for those that follow. */
export async function* readChunks(
  input: AsyncIterable<Uint8Array>,
  start: ChunkStart = FIRST_CHUNK,
): AsyncGenerator<InputChunk> {
  const chunker = new Chunker(start);
  for await (const buffer of input) yield* chunker.push(buffer);
  yield* chunker.end();
}
