import { describe, expect, it } from 'vitest';
import { CallPace } from '../../../src/worker/handlers/call-pace.ts';

describe('the pace of calls', () => {
  const of = (...took: number[]): CallPace => {
    const pace = new CallPace();
    for (const ms of took) pace.took(ms);
    return pace;
  };

  it('lets no call queue before it is known how long calls take, nor when they are long', () => {
    expect(new CallPace().mayQueue(1, 1)).toBe(false);
    expect(of(10, 12, 1000).mayQueue(1, 1)).toBe(false);
  });

  it('lets short calls queue before busy hosts, so many for each; where none is busy, they go to one', () => {
    const pace = of(10, 0.2, 12, 8); // on a busy machine most take longer
    expect([pace.mayQueue(16, 1), pace.mayQueue(17, 1), pace.mayQueue(17, 2)]).toEqual([true, false, true]);
    expect(pace.mayQueue(1, 0)).toBe(false);
  });

  it('forgets short calls when there are none any more', () => {
    const pace = of(0.2);
    for (let n = 0; n < 200; n += 1) pace.took(100);
    expect(pace.mayQueue(1, 1)).toBe(false);
  });
});
