import { MAX_PROGRAM_BYTES } from '../../core/limits.ts';

/** A line of the input, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Where the next line starts, in bytes from the beginning of the input. */
  readonly end: number;
  readonly length: number;
  /** Absent when the line is too long to be kept. */
  readonly bytes: Uint8Array | undefined;
}

const LINE_FEED = 10;

/** Longer lines cannot be tasks. */
export const MAX_LINE_BYTES = MAX_PROGRAM_BYTES;

/**
 * Cuts a stream of bytes into lines, wherever its buffers end. Of a line that is too long no more than
 * MAX_LINE_BYTES is ever held.
 */
export class LineReader {
  #number: number;
  #offset: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param start of the next bytes: the number of their line and their place in the input */
  constructor(start: { line: number; offset: number }) {
    this.#number = start.line;
    this.#offset = start.offset;
  }

  /** The lines that these bytes complete. The lines are views of the buffer: do not write to it again. */
  push(buffer: Uint8Array): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (;;) {
      const at = buffer.indexOf(LINE_FEED, from);
      if (at === -1) break;
      this.#keep(buffer.subarray(from, at));
      lines.push(this.#take(1));
      from = at + 1;
    }
    if (from < buffer.length) this.#keep(buffer.subarray(from));
    return lines;
  }

  /** The last line, when no line feed follows it. */
  end(): Line[] {
    return this.#length > 0 ? [this.#take(0)] : [];
  }

  #keep(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > MAX_LINE_BYTES) this.#parts = [];
    else this.#parts.push(bytes);
  }

  #take(lineFeeds: number): Line {
    this.#offset += this.#length + lineFeeds;
    const isKept = this.#length <= MAX_LINE_BYTES;
    const line = {
      number: this.#number,
      end: this.#offset,
      length: this.#length,
      bytes: this.#joined(isKept),
    };
    this.#number += 1;
    this.#parts = [];
    this.#length = 0;
    return line;
  }

  #joined(isKept: boolean): Uint8Array | undefined {
    if (!isKept) return undefined;
    const [only] = this.#parts;
    return this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts);
  }
}
