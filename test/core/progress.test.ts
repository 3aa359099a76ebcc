import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkerReport } from '../../src/core/queue-control.ts';
import { inMotion } from '../../src/core/progress.ts';

const report = (busy: number, held: number, at = 100): WorkerReport => ({
  worker: 'w',
  slots: 8,
  busy,
  held,
  batches: {},
  at,
});
const counts = (visible: number, delayed: number, inFlight: number) => ({ visible, delayed, inFlight });

describe('inMotion', () => {
  it.each([
    ['a queue at rest', counts(0, 0, 0), [], { pending: 0, delayed: 0, running: 0, expired: 0 }],
    ['what waits', counts(5, 2, 0), [], { pending: 5, delayed: 2, running: 0, expired: 0 }],
    [
      'what runs',
      counts(0, 0, 3),
      [report(2, 2), report(1, 1)],
      { pending: 0, delayed: 0, running: 3, expired: 0 },
    ],
    [
      'messages held for a free slot as pending',
      counts(1, 0, 9),
      [report(4, 9)],
      { pending: 6, delayed: 0, running: 4, expired: 0 },
    ],
    [
      'messages that wait for their back-off as delayed',
      counts(0, 1, 5),
      [report(2, 2)],
      { pending: 0, delayed: 4, running: 2, expired: 0 },
    ],
    [
      'what a dead worker ran as expired',
      counts(0, 0, 3),
      [report(2, 2, 10), report(1, 1)],
      { pending: 0, delayed: 0, running: 3, expired: 2 },
    ],
    [
      'no more than is in flight',
      counts(0, 0, 1),
      [report(8, 20), report(8, 8, 10)],
      { pending: 0, delayed: 0, running: 1, expired: 0 },
    ],
    [
      'nothing at all for stale reports',
      counts(0, 0, 0),
      [report(8, 8)],
      { pending: 0, delayed: 0, running: 0, expired: 0 },
    ],
  ])('counts %s', (_what, sqs, reports, expected) => {
    expect(inMotion(sqs, reports, 50)).toEqual(expected);
  });

  it('loses no message and invents none, whatever the workers report', () => {
    const small = fc.nat({ max: 30 });
    const anyReport = fc
      .tuple(small, small, fc.constantFrom(10, 100))
      .map(([busy, held, at]) => report(busy, held, at));
    fc.assert(
      fc.property(
        small,
        small,
        small,
        fc.array(anyReport, { maxLength: 4 }),
        (visible, delayed, inFlight, reports) => {
          const motion = inMotion(counts(visible, delayed, inFlight), reports, 50);
          expect(motion.pending + motion.delayed + motion.running).toBe(visible + delayed + inFlight);
          expect(motion.expired).toBeLessThanOrEqual(motion.running);
          expect(Math.min(...Object.values(motion))).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});
