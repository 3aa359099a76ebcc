import { MAX_CHUNK_RAW_BYTES, MAX_CHUNK_TASKS } from '../../core/limits.ts';
import { LineReader, type Line } from './read-lines.ts';

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
 */
export class Chunker {
  readonly #lines: LineReader;
  #start: ChunkStart;
  #open: Line[] = [];
  #bytes = 0;
  #tasks = 0;

  constructor(start: ChunkStart = FIRST_CHUNK) {
    this.#start = start;
    this.#lines = new LineReader(start);
  }

  /** The chunks that these bytes complete. */
  push(buffer: Uint8Array): InputChunk[] {
    return this.#add(this.#lines.push(buffer));
  }

  /** What is left when the input ends. */
  end(): InputChunk[] {
    const chunks = this.#add(this.#lines.end());
    if (this.#open.length > 0) chunks.push(this.#close());
    return chunks;
  }

  #add(lines: readonly Line[]): InputChunk[] {
    const chunks: InputChunk[] = [];
    for (const line of lines) {
      const bytes = (line.bytes?.length ?? 0) + 1;
      const tasks = isBlank(line.bytes) ? 0 : 1;
      const isFull = this.#bytes + bytes > MAX_CHUNK_RAW_BYTES || this.#tasks + tasks > MAX_CHUNK_TASKS;
      if (isFull) chunks.push(this.#close());
      this.#open.push(line);
      this.#bytes += bytes;
      this.#tasks += tasks;
    }
    return chunks;
  }

  #close(): InputChunk {
    const lines = this.#open;
    const last = lines.at(-1);
    const start = this.#start;
    const next = {
      chunk: start.chunk + (this.#tasks > 0 ? 1 : 0),
      line: start.line + lines.length,
      offset: last?.end ?? start.offset,
    };
    const chunk = {
      start,
      next,
      body: joinLines(lines, this.#bytes),
      tasks: this.#tasks,
      tooLong: lines
        .filter((line) => line.bytes === undefined)
        .map((line) => ({ line: line.number, bytes: line.length })),
    };
    this.#start = next;
    this.#open = [];
    this.#bytes = 0;
    this.#tasks = 0;
    return chunk;
  }
}

/** The chunks of a stream. */
export async function* readChunks(
  input: AsyncIterable<Uint8Array>,
  start: ChunkStart = FIRST_CHUNK,
): AsyncGenerator<InputChunk> {
  const chunker = new Chunker(start);
  for await (const buffer of input) yield* chunker.push(buffer);
  yield* chunker.end();
}

/** A copy, so that no buffer of the input is held longer than its chunk. */
function joinLines(lines: readonly Line[], bytes: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(bytes).fill(0x0a);
  let at = 0;
  for (const line of lines) {
    if (line.bytes) body.set(line.bytes, at);
    at += (line.bytes?.length ?? 0) + 1;
  }
  return body;
}

/** Spaces, tabs and carriage returns only: such a line is no task. */
function isBlank(bytes: Uint8Array | undefined): boolean {
  return bytes === undefined || bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
