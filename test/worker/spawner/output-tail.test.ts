import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OutputTail } from '../../../src/worker/spawner/output-tail.ts';

function tailOf(limit: number, pieces: readonly Uint8Array[]): string {
  const tail = new OutputTail(limit);
  for (const piece of pieces) tail.push(Buffer.from(piece));
  return tail.text();
}

it('keeps valid text that fits as it is, however it is cut into pieces', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 7 }), (text, size) => {
      const bytes = Buffer.from(text);
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(tailOf(bytes.length, pieces)).toBe(text);
    }),
  );
});

it('keeps the end of longer text, marked, on a whole character', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 20 }),
      fc.integer({ min: 3, max: 15 }),
      (text, limit) => {
        const bytes = Buffer.from(text);
        const tail = tailOf(limit, [bytes.subarray(0, 5), bytes.subarray(5)]);
        expect(tail.startsWith('…')).toBe(true);
        expect(text.endsWith(tail.slice(1))).toBe(true);
        expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(limit);
        expect(Buffer.byteLength(tail)).toBeGreaterThan(limit - 4);
      },
    ),
  );
});

it('is valid and never longer than allowed, whatever bytes come', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.nat(60), (pieces, limit) => {
      const tail = tailOf(limit, pieces);
      expect(tail.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(tail)).toBeLessThanOrEqual(limit);
    }),
  );
});
