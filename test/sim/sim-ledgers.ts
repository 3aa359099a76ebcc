import { NO_TOTALS, type LedgerRow } from '../../src/core/ledger-row.ts';
import type { LedgerStore } from '../../src/core/ports.ts';
import { request } from './requests.ts';
import type { SimProcess } from './sim-process.ts';

const MAX_RACES = 5;
/** For a mutant: a write without its condition. */
export const ANY_REVISION = -1;

/** Ledgers in DynamoDB, as one process has them, request by request as src/aws/dynamo-ledger-store.ts makes them. */
export function makeSimLedgers(process: SimProcess): LedgerStore {
  const { world } = process;
  const { ledgers, retired, folded } = world.tables;
  const show = (row: LedgerRow | undefined) =>
    row
      ? `${row.ledger} seq ${row.seq}${row.closed ? ' closed' : ''} ${JSON.stringify(row.totals)}`
      : 'no ledger';
  const read = async (ledger: string): Promise<LedgerRow | undefined> =>
    (await request(process, 'read ledger', () => ledgers.get(ledger), show)) ??
    (await request(process, 'read retired ledger', () => retired.get(ledger), show));

  const closeListed = (ledger: string, below: number, at: number) =>
    request(
      process,
      'close ledger',
      () => {
        const row = ledgers.get(ledger);
        if (!row || row.seq >= below) return { done: false, row };
        const closed = { ...row, closed: true, at };
        ledgers.set(ledger, closed);
        return { done: true, row: closed };
      },
      ({ row }) => show(row),
    );
  const makeClosed = (queue: string, ledger: string, at: number) =>
    request(
      process,
      'close absent ledger',
      () => {
        if (ledgers.has(ledger)) return undefined;
        const row = { queue, ledger, seq: 0, closed: true, totals: NO_TOTALS, batches: {}, at };
        ledgers.set(ledger, row);
        return row;
      },
      show,
    );

  return {
    read: (_queue, ledger) => read(ledger),

    advance: async (update) => {
      const { from, ...rest } = update;
      const answer = await request(
        process,
        'advance ledger',
        () => {
          const row = ledgers.get(update.ledger);
          if (row?.closed || (row?.seq ?? 0) !== from) return { done: false, row };
          const next = { ...rest, closed: false };
          ledgers.set(update.ledger, next);
          world.watch.counted();
          return { done: true, row: next };
        },
        ({ done, row }) => `${done ? '→' : 'REFUSED:'} ${show(row)}`,
      );
      return answer.row ? answer : { done: false, row: await read(update.ledger) };
    },

    async close(queue, ledger, below, at) {
      for (let race = 0; race < MAX_RACES; race += 1) {
        const closing = await closeListed(ledger, below, at);
        if (closing.row) return closing;
        const row = await read(ledger);
        if (row) return { done: row.closed && row.seq < below, row };
        const made = await makeClosed(queue, ledger, at);
        if (made) return { done: true, row: made };
      }
      throw new Error(`ledger ${ledger} keeps changing`);
    },

    list: () => request(process, 'read ledgers', () => [...ledgers.values()]),

    async retire(row) {
      await request(
        process,
        'retire ledger',
        () => void retired.set(row.ledger, row),
        () => show(row),
      );
      await request(process, 'retired ledger is taken out', () => void ledgers.delete(row.ledger));
    },

    readFolded: (of) => request(process, 'read folded', () => folded.get(JSON.stringify(of))),
    replaceFolded: (row, revision) =>
      request(
        process,
        'replace folded',
        () => {
          const key = JSON.stringify(row.of);
          if (revision !== ANY_REVISION && (folded.get(key)?.revision ?? 0) !== revision) return false;
          folded.set(key, row);
          return true;
        },
        (done) => `${JSON.stringify(row)} ${done}`,
      ),
  };
}
