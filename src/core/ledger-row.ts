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
  /** ms; of the last write, the closing included. */
  readonly at: number;
}

/** Moves a ledger on from one seq to a later one. */
export interface LedgerUpdate {
  readonly queue: string;
  readonly ledger: string;
  readonly from: number;
  readonly seq: number;
  readonly totals: Totals;
  readonly batches: Readonly<Record<string, Totals>>;
  readonly at: number;
}

/** What the ledgers of ended processes have counted of a queue or of a batch, and which of them lately. */
export interface FoldedRow {
  /** The queue, or the batch. */
  readonly of: { readonly queue: string } | { readonly batch: string };
  readonly totals: Totals;
  /** Ledgers folded lately, by when (ms): one that a list still shows is not counted twice. */
  readonly ledgers: Readonly<Record<string, number>>;
  /** Rises with each change; 0 is the row that is not there yet. */
  readonly revision: number;
}

/** Longer than anyone takes from listing ledgers to having folded them, or to having summed them up. */
const REMEMBERED_MS = 1_200_000;

/**
 * The row with this ledger in its totals, or undefined when it is in there already.
 * @param listed names of the ledgers that are not retired: they are remembered, however old
 */
export function withLedger(
  row: FoldedRow,
  ledger: string,
  totals: Totals,
  now: number,
  listed: ReadonlySet<string>,
): FoldedRow | undefined {
  if (ledger in row.ledgers) return undefined;
  const recent = forgetOld(row, now, listed) ?? row;
  return {
    of: row.of,
    totals: addTotals(row.totals, totals),
    ledgers: { ...recent.ledgers, [ledger]: now },
    revision: row.revision + 1,
  };
}

/** The row without the names that nobody can still be asking for, or undefined when it has none. */
export function forgetOld(row: FoldedRow, now: number, listed: ReadonlySet<string>): FoldedRow | undefined {
  const recent = Object.entries(row.ledgers).filter(
    ([ledger, at]) => now - at < REMEMBERED_MS || listed.has(ledger),
  );
  if (recent.length === Object.keys(row.ledgers).length) return undefined;
  return { ...row, ledgers: Object.fromEntries(recent), revision: row.revision + 1 };
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
