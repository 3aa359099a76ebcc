import type { Totals } from '../ledger-row.ts';

/** Ends by their state. */
export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

export const NO_ENDS: Tally = { succeeded: 0, failed: 0, cancelled: 0 };
export const TALLY_STATES = ['succeeded', 'failed', 'cancelled'] as const;

export function addTallies(one: Tally, other: Tally): Tally {
  return {
    succeeded: one.succeeded + other.succeeded,
    failed: one.failed + other.failed,
    cancelled: one.cancelled + other.cancelled,
  };
}

export function endsOf(tally: Tally): number {
  return tally.succeeded + tally.failed + tally.cancelled;
}

export function isSameTally(one: Tally, other: Tally): boolean {
  return TALLY_STATES.every((state) => one[state] === other[state]);
}

export function toTally(totals: Totals): Tally {
  return { succeeded: totals.SUCCEEDED, failed: totals.FAILED, cancelled: totals.CANCELLED };
}
