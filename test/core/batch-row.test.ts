import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchTaskId, parseBatchTaskId, withChunk, type BatchRow } from '../../src/core/batch-row.ts';

const EMPTY: BatchRow = { id: 'b', queue: 'q', createdAt: 0, total: 0, upTo: 0, ahead: [], revision: 0 };

describe('withChunk', () => {
  it('comes to the same total for chunks in any order, each any number of times', () => {
    const chunksWithRepeats = fc
      .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 30 })
      .chain((sizes) =>
        fc
          .array(fc.nat({ max: sizes.length - 1 }), { maxLength: 60 })
          .chain((repeats) =>
            fc.shuffledSubarray([...sizes.keys(), ...repeats], { minLength: sizes.length + repeats.length }),
          )
          .map((order) => ({ sizes, order })),
      );
    fc.assert(
      fc.property(chunksWithRepeats, ({ sizes, order }) => {
        let row = EMPTY;
        for (const chunk of order) row = withChunk(row, chunk, sizes[chunk] ?? 0) ?? row;
        expect(row.total).toBe(sizes.reduce((sum, size) => sum + size, 0));
        expect({ upTo: row.upTo, ahead: row.ahead }).toEqual({ upTo: sizes.length, ahead: [] });
        expect(row.revision).toBe(sizes.length);
      }),
    );
  });

  it('keeps in mind only the chunks that have come before an earlier one', () => {
    let row = EMPTY;
    for (const chunk of [5, 1, 2]) row = withChunk(row, chunk, 10) ?? row;
    expect(row).toMatchObject({ upTo: 0, ahead: [1, 2, 5], total: 30 });
    expect(withChunk(row, 0, 10)).toMatchObject({ upTo: 3, ahead: [5], total: 40 });
  });

  it('refuses a chunk that is in the total already', () => {
    const row = { ...EMPTY, upTo: 3, ahead: [5] };
    for (const chunk of [0, 2, 5]) expect(withChunk(row, chunk, 1)).toBeUndefined();
  });
});

describe('the id of a task of a batch', () => {
  it('tells where its program is', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
        fc.nat({ max: 999_999_999 }),
        fc.integer({ min: 1, max: 999_999_999 }),
        (batch, chunk, line) => {
          expect(parseBatchTaskId(batchTaskId(batch, chunk, line))).toEqual({ batch, chunk, line });
        },
      ),
    );
  });

  it.each([
    '',
    'abc',
    'k-1234',
    'b.0',
    'b.0.0',
    'b.01.1',
    'b.0.01',
    'b.-1.1',
    'b.0.1.2',
    'b b.0.1',
    'b.0.1\n',
    '.0.1',
  ])('is not %j', (id) => {
    expect(parseBatchTaskId(id)).toBeUndefined();
  });
});
