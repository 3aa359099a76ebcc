import type { TerminalState } from './task-states.ts';

export interface Totals {
  readonly SUCCEEDED: number;
  readonly FAILED: number;
  readonly CANCELLED: number;
}

export const NO_TOTALS: Totals = { SUCCEEDED: 0, FAILED: 0, CANCELLED: 0 };

/** What one process has counted of one queue: the ends 1…seq of its stamps. */
export interface LedgerRow {
  readonly queue: string;
  readonly ledger: string;
  readonly seq: number;
  readonly closed: boolean;
  readonly totals: Totals;
  readonly batches: Readonly<Record<string, Totals>>;
}

/** Moves a ledger on from one seq to a later one. */
export interface LedgerUpdate {
  readonly queue: string;
  readonly ledger: string;
  readonly from: number;
  readonly seq: number;
  readonly totals: Totals;
  readonly batches: Readonly<Record<string, Totals>>;
}

export function addTotals(one: Totals, other: Totals): Totals {
  return {
    SUCCEEDED: one.SUCCEEDED + other.SUCCEEDED,
    FAILED: one.FAILED + other.FAILED,
    CANCELLED: one.CANCELLED + other.CANCELLED,
  };
}

/** One more end; an end that takes an earlier one of the same task back counts that one less. */
export function countEnd(totals: Totals, state: TerminalState, countedAs: TerminalState | undefined): Totals {
  const next = { ...totals };
  next[state] += 1;
  if (countedAs) next[countedAs] -= 1;
  return next;
}
