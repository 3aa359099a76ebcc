import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toItem } from '../../src/aws/to-attribute.ts';

const plain = fc.object({
  key: fc.string().filter((name) => name !== '__proto__'),
  values: [
    fc.string(),
    fc.boolean(),
    fc.constantFrom(null, undefined),
    fc.maxSafeInteger(),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  ],
  maxDepth: 4,
});

test('plain values become what the SDK makes of them', () => {
  fc.assert(
    fc.property(plain, (value) => {
      expect(toItem(value)).toEqual(marshall(value, { removeUndefinedValues: true }));
    }),
  );
});

test('sets of texts and of numbers are sets', () => {
  const value = { texts: new Set(['a', 'b']), numbers: new Set([1, 2]) };
  expect(toItem(value)).toEqual(marshall(value));
});

test.each([
  NaN,
  Infinity,
  2 ** 53,
  10n,
  new Map(),
  new Set(),
  new Set(['a', 1]),
  Symbol('s'),
  () => 1,
  new Date(0),
])('what rows do not have is refused: %s', (value) => {
  expect(() => toItem({ value })).toThrow(/^expected text, an exact number/);
});
