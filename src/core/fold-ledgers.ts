import { MillraceError } from './errors.ts';
import {
  forgetOld,
  NO_TOTALS,
  withLedger,
  type FoldedRow,
  type LedgerRow,
  type Totals,
} from './ledger-row.ts';
import { ROW_RETENTION_MS } from './limits.ts';
import { expiryAfter } from './new-row.ts';
import type { Ports } from './ports.ts';

/** A process that has counted nothing for so long has mostly ended; if not, it opens another ledger. */
const IDLE_MS = 600_000;
/** Requests of before the closing are over by then. */
const CLOSED_MS = 60_000;
/** Longer than any row that bears a stamp of the ledger: a missing ledger reads as one that counted nothing. */
const KEPT_MS = 3 * ROW_RETENTION_MS;
const MAX_FOLDS = 200; // in one call
const MAX_RACES = 50;

/**
 * Folds the ledgers of ended processes into the totals of their queue and batches, so that reading progress costs
 * the same however many processes have come and gone. Closes first what has been idle, and folds it in a later
 * call: nothing is added to a closed ledger. Every step may be repeated.
 * @returns how many were folded
 */
export async function foldLedgers(ports: Ports, queue: string): Promise<number> {
  let folded = 0;
  const ledgers = await ports.ledgers.list(queue);
  const listed = new Set(ledgers.map(({ ledger }) => ledger));
  for (const ledger of ledgers) {
    if (folded === MAX_FOLDS) break;
    const idleMs = ports.clock() - ledger.at;
    if (!ledger.closed) {
      if (idleMs > IDLE_MS)
        await ports.ledgers.close(queue, ledger.ledger, Number.MAX_SAFE_INTEGER, ports.clock());
      continue;
    }
    // One that counted nothing stays: its process may yet try to write it for the first time, and must find it closed.
    if (ledger.seq === 0 || idleMs < CLOSED_MS) continue;
    await foldOne(ports, ledger, listed);
    folded += 1;
  }
  if (folded === 0) await tidy(ports, { queue }, listed);
  return folded;
}

/** A row of long ago remembers nothing: reading it costs the same however many it has folded. */
async function tidy(ports: Ports, of: FoldedRow['of'], listed: ReadonlySet<string>): Promise<void> {
  const row = await ports.ledgers.readFolded(of);
  const next = row && forgetOld(row, ports.clock(), listed);
  if (next) await ports.ledgers.replaceFolded(next, row.revision); // refused: somebody folds, and tidies by that
}

async function foldOne(ports: Ports, ledger: LedgerRow, listed: ReadonlySet<string>): Promise<void> {
  await addTo(ports, { queue: ledger.queue }, ledger, ledger.totals, listed);
  for (const [batch, totals] of Object.entries(ledger.batches)) {
    await addTo(ports, { batch }, ledger, totals, listed);
  }
  await ports.ledgers.retire(ledger, expiryAfter(ports.clock(), KEPT_MS));
}

async function addTo(
  ports: Ports,
  of: FoldedRow['of'],
  { ledger }: LedgerRow,
  totals: Totals,
  listed: ReadonlySet<string>,
): Promise<void> {
  for (let race = 0; race < MAX_RACES; race += 1) {
    const row = (await ports.ledgers.readFolded(of)) ?? { of, totals: NO_TOTALS, ledgers: {}, revision: 0 };
    const next = withLedger(row, ledger, totals, ports.clock(), listed);
    if (!next || (await ports.ledgers.replaceFolded(next, row.revision))) return;
  }
  throw new MillraceError('unavailable', 'Too many processes fold ledgers at once.', {
    hint: 'It is tried again.',
  });
}
