import { describe, expect, test } from 'vitest';
import {
  bestUtilisation,
  median,
  quantile,
  ratePerSecond,
  rounded,
  startAfter,
  utilisation,
} from '../../bench/figures.ts';
import { ratioTo, type Row } from '../../bench/section.ts';
import { heavyTail, noops, shuffled } from '../../bench/workload.ts';

describe('figures', () => {
  test('the median does not mind the order, and halves the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 100, 2])).toBe(3);
    expect(median([])).toBeNaN();
  });

  test('a quantile is a value that was measured: by nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    expect(quantile(values, 0.5)).toBe(100);
    expect(quantile(values, 0.99)).toBe(198);
    expect(quantile(values, 1)).toBe(200);
    expect(quantile([7], 0.99)).toBe(7);
  });

  test('throughput counts the ends after the first, whatever their order', () => {
    expect(ratePerSecond([3000, 1000, 2000])).toBe(1);
  });

  test('the first start is that after those of a warm-up, whatever their order', () => {
    expect([startAfter([30, 10, 20], 0), startAfter([30, 10, 20], 2)]).toEqual([10, 30]);
    expect(startAfter([30, 10, 20], 3)).toBeNaN();
  });

  test('utilisation is work over slots and time', () => {
    expect(utilisation([10, 10, 20], 2, 40)).toBe(0.5);
  });

  test('the best utilisation serves in order, each on the slot that is free first', () => {
    // 30 | 10 10 10 | 40 has to wait for the 30: 70 ms on two slots.
    expect(bestUtilisation([30, 10, 10, 10, 40], 2)).toBeCloseTo(100 / 140);
    expect(bestUtilisation([5, 5, 5, 5], 2)).toBe(1);
  });

  test('figures are written with three digits that count, and without an exponent', () => {
    expect([rounded(12345.6), rounded(0.04567), rounded(7.999), rounded(NaN)]).toEqual([
      '12346',
      '0.0457',
      '8',
      '–',
    ]);
  });

  test('a ratio is ours over theirs, of medians; there is none to ourselves, nor without ours', () => {
    const ours = { who: 'millrace', samples: [10, 30, 20] };
    const theirs = { who: 'other', samples: [40] };
    const row: Row = { what: 'rate', unit: '/s', figures: [ours, theirs], ours: 'millrace' };
    expect(ratioTo(row, theirs)).toBe(0.5);
    expect(ratioTo(row, ours)).toBeUndefined();
    expect(ratioTo({ ...row, figures: [theirs] }, theirs)).toBeUndefined();
  });
});

describe('workloads', () => {
  test('the mix is nine short tasks to a long one, in the same order every time', () => {
    const mix = heavyTail();
    expect(mix.filter(({ ms }) => ms === 10)).toHaveLength(360);
    expect(mix.filter(({ ms, command }) => ms === 1000 && command === 'sleep 1')).toHaveLength(40);
    expect(heavyTail()).toEqual(mix);
    // Neither all long ones at once nor at the end: the order is what the figure depends on.
    expect(
      bestUtilisation(
        mix.map(({ ms }) => ms),
        8,
      ),
    ).toBeCloseTo(0.96, 2);
  });

  test('a shuffle keeps every item, depends on its seed, and leaves its input alone', () => {
    const items = Array.from({ length: 50 }, (_, index) => index);
    const one = shuffled(items, 1);
    expect([...one].sort((a, b) => a - b)).toEqual(items);
    expect(one).not.toEqual(items);
    expect(shuffled(items, 2)).not.toEqual(one);
    expect(items[0]).toBe(0);
  });

  test('a no-op is a no-op in either kind', () => {
    expect(noops(2)).toEqual([
      { command: 'true', ms: 0 },
      { command: 'true', ms: 0 },
    ]);
  });
});
