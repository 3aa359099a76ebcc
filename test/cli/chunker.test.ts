import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Chunker, FIRST_CHUNK, MAX_LINE_BYTES, type InputChunk } from '../../src/cli/load/chunker.ts';
import { MAX_CHUNK_RAW_BYTES, MAX_CHUNK_TASKS } from '../../src/core/limits.ts';

function chunksOf(input: Uint8Array, cuts: readonly number[] = [], start = FIRST_CHUNK): InputChunk[] {
  const chunker = new Chunker(start);
  const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b);
  const chunks: InputChunk[] = [];
  let from = 0;
  for (const to of [...places, input.length]) {
    const buffer = new Uint8Array(input.subarray(from, to));
    chunks.push(...chunker.push(buffer));
    buffer.fill(0x21); // would show a chunk that still reads it
    from = to;
  }
  return [...chunks, ...chunker.end()];
}

const text = (chunk: InputChunk | undefined) => Buffer.from(chunk?.body ?? []).toString();

/** Lines of every kind, a few long enough to fill chunks, with any line end. */
const inputs = fc
  .array(
    fc.tuple(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map((line) => line.replaceAll('\n', '')),
        },
        { weight: 2, arbitrary: fc.constantFrom('', ' ', '\t\r', '\r') },
        {
          weight: 1,
          arbitrary: fc
            .constantFrom(1000, 100_000, MAX_LINE_BYTES, MAX_LINE_BYTES + 1)
            .map((n) => 'x'.repeat(n)),
        },
      ),
      fc.constantFrom('\n', '\r\n'),
    ),
    { maxLength: 40 },
  )
  .chain((lines) =>
    fc.boolean().map((endsWithLineFeed) => {
      const whole = lines.map(([line, end]) => line + end).join('');
      return Buffer.from(endsWithLineFeed ? whole : whole.replace(/\r?\n$/, ''));
    }),
  );

describe('Chunker', () => {
  test('makes the same chunks however the bytes arrive', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat(), { maxLength: 20 }), (input, cuts) => {
        expect(chunksOf(input, cuts)).toEqual(chunksOf(input));
      }),
      { numRuns: 60 },
    );
  });

  test('makes the same chunks from any of them on', () => {
    fc.assert(
      fc.property(inputs, fc.nat(), (input, pick) => {
        const chunks = chunksOf(input);
        if (chunks.length === 0) return;
        const at = pick % chunks.length;
        const next = chunks[at]?.next ?? FIRST_CHUNK;
        expect(chunksOf(input.subarray(next.offset), [], next)).toEqual(chunks.slice(at + 1));
      }),
      { numRuns: 60 },
    );
  });

  test('keeps every line in its place and every chunk within its limits', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const lines = input.toString().replace(/\n$/, '').split('\n');
        const expected = lines.map((line) => (Buffer.byteLength(line) > MAX_LINE_BYTES ? '' : line));
        const chunks = chunksOf(input);
        if (input.length > 0) expect(chunks.map(text).join('')).toBe(`${expected.join('\n')}\n`);
        for (const chunk of chunks) {
          expect(chunk.body.length).toBeLessThanOrEqual(MAX_CHUNK_RAW_BYTES);
          expect(chunk.tasks).toBeLessThanOrEqual(MAX_CHUNK_TASKS);
          expect(text(chunk).split('\n').length - 1).toBe(chunk.next.line - chunk.start.line);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('closes a chunk at 1,000 tasks; blank lines are none', () => {
    const input = Buffer.from('echo hi\n\n'.repeat(MAX_CHUNK_TASKS + 1));
    const chunks = chunksOf(input);
    expect(chunks.map(({ tasks }) => tasks)).toEqual([MAX_CHUNK_TASKS, 1]);
    expect(chunks.map(({ start }) => start)).toEqual([
      { chunk: 0, line: 1, offset: 0 },
      { chunk: 1, line: 2001, offset: 9000 },
    ]);
  });

  test('leaves a blank line for one that is too long, and says which it was', () => {
    const long = 'x'.repeat(MAX_LINE_BYTES + 1);
    const fits = 'y'.repeat(MAX_LINE_BYTES);
    const [chunk, ...others] = chunksOf(Buffer.from(`a\n${long}\n${fits}`), [5, 70_000]);
    expect(others).toEqual([]);
    expect(text(chunk)).toBe(`a\n\n${fits}\n`);
    expect(chunk).toMatchObject({ tasks: 2, tooLong: [{ line: 2, bytes: MAX_LINE_BYTES + 1 }] });
  });

  test('gives no number to a chunk without tasks', () => {
    const blank = '\n'.repeat(MAX_CHUNK_RAW_BYTES);
    const chunks = chunksOf(Buffer.from(`${blank}\n${blank}echo hi\n`));
    expect(chunks.map(({ tasks, start }) => [tasks, start.chunk])).toEqual([
      [0, 0],
      [0, 0],
      [1, 0],
    ]);
    expect(chunks.at(-1)?.next).toEqual({
      chunk: 1,
      line: 2 * MAX_CHUNK_RAW_BYTES + 3,
      offset: 2 * MAX_CHUNK_RAW_BYTES + 9,
    });
  });

  test('holds no more of an endless line than a line may have', () => {
    const chunker = new Chunker();
    const buffer = new Uint8Array(64 * 1024).fill(0x78);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 4096; i += 1) expect(chunker.push(buffer.slice())).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 1024 * 1024);
    expect(chunker.end()).toMatchObject([{ tasks: 0, tooLong: [{ line: 1, bytes: 4096 * 64 * 1024 }] }]);
  });

  test('makes nothing of nothing', () => {
    expect(chunksOf(new Uint8Array())).toEqual([]);
  });
});
