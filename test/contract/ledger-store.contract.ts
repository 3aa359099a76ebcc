import { describe, expect, test } from 'vitest';
import { NO_TOTALS, type LedgerRow, type LedgerUpdate } from '../../src/core/ledger-row.ts';
import { anyId, type UseBackend } from './backend.ts';

const MAX = Number.MAX_SAFE_INTEGER;

/** What src/core expects of a LedgerStore. */
export function ledgerStoreContract(use: UseBackend): void {
  describe('a ledger store', () => {
    const update = (queue: string, ledger: string, from: number, seq: number): LedgerUpdate => ({
      queue,
      ledger,
      from,
      seq,
      totals: { SUCCEEDED: seq, FAILED: -1, CANCELLED: 2 },
      batches: { b: { SUCCEEDED: 1, FAILED: 0, CANCELLED: 0 } },
      at: 1000 + seq,
    });
    const rowOf = ({ from: _from, ...row }: LedgerUpdate): LedgerRow => ({ ...row, closed: false });

    test('moves a ledger on from where it stands, and from nowhere else', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        const id = anyId();
        expect(await ledgers.read(queue, id)).toBeUndefined();
        expect((await ledgers.advance(update(queue, id, 1, 2))).done).toBe(false);
        const first = update(queue, id, 0, 2);
        expect(await ledgers.advance(first)).toEqual({ done: true, row: rowOf(first) });
        expect(await ledgers.read(queue, id)).toEqual(rowOf(first));
        expect(await ledgers.advance(first)).toEqual({ done: false, row: rowOf(first) });
        const next = update(queue, id, 2, 7);
        expect(await ledgers.advance(next)).toEqual({ done: true, row: rowOf(next) });
        expect(await ledgers.list(queue)).toEqual([rowOf(next)]);
      }));

    test('adds nothing to a closed ledger', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        const id = anyId();
        await ledgers.advance(update(queue, id, 0, 2));
        const { done, row } = await ledgers.close(queue, id, 3, 5000);
        expect([done, row?.seq, row?.closed, row?.at]).toEqual([true, 2, true, 5000]);
        const refused = await ledgers.advance(update(queue, id, 2, 3));
        expect([refused.done, refused.row]).toEqual([false, row]);
        expect((await ledgers.close(queue, id, MAX, 5000)).done).toBe(true);
      }));

    test('does not close a ledger that has reached what it is closed for', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        const id = anyId();
        const there = update(queue, id, 0, 2);
        await ledgers.advance(there);
        expect(await ledgers.close(queue, id, 2, 5000)).toEqual({ done: false, row: rowOf(there) });
        expect((await ledgers.advance(update(queue, id, 2, 3))).done).toBe(true);
      }));

    test('closes a ledger that is not there yet, so that it never will count', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        const id = anyId();
        const closed = { queue, ledger: id, seq: 0, closed: true, totals: NO_TOTALS, batches: {}, at: 5000 };
        expect(await ledgers.close(queue, id, 1, 5000)).toEqual({ done: true, row: closed });
        expect(await ledgers.advance(update(queue, id, 0, 1))).toEqual({ done: false, row: closed });
      }));

    test('lets either a flush or the closing come first', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        for (let n = 0; n < 5; n += 1) {
          const id = anyId();
          const [flush, closing] = await Promise.all([
            ledgers.advance(update(queue, id, 0, 1)),
            ledgers.close(queue, id, 1, 5000),
          ]);
          expect(flush.done).toBe(!closing.done);
        }
      }));

    test('takes a retired ledger out of the list, and still answers for it', () =>
      use(async ({ ports: { ledgers }, queue }) => {
        const id = anyId();
        await ledgers.advance(update(queue, id, 0, 2));
        const { row } = await ledgers.close(queue, id, MAX, 5000);
        if (!row) throw new Error('it was closed');
        await ledgers.retire(row, 4e9);
        await ledgers.retire(row, 4e9);
        expect(await ledgers.list(queue)).toEqual([]);
        expect(await ledgers.read(queue, id)).toEqual(row);
        expect(await ledgers.close(queue, id, MAX, 9000)).toEqual({ done: true, row });
        expect((await ledgers.close(queue, id, 2, 9000)).done).toBe(false);
        expect(await ledgers.list(queue)).toEqual([]);
        expect((await ledgers.advance(update(queue, id, 2, 3))).done).toBe(false);
      }));

    test.each(['queue', 'batch'] as const)('replaces what is folded of a %s by its revision', (kind) =>
      use(async ({ ports: { ledgers } }) => {
        const of = kind === 'queue' ? { queue: anyId() } : { batch: anyId() };
        expect(await ledgers.readFolded(of)).toBeUndefined();
        const row = { of, totals: { ...NO_TOTALS, FAILED: -3 }, ledgers: { l: 5 }, revision: 1 };
        expect(await ledgers.replaceFolded(row, 7)).toBe(false);
        expect(await ledgers.replaceFolded(row, 0)).toBe(true);
        expect(await ledgers.replaceFolded(row, 0)).toBe(false);
        expect(await ledgers.readFolded(of)).toEqual(row);
        expect(await ledgers.replaceFolded({ ...row, ledgers: {}, revision: 2 }, 1)).toBe(true);
        expect((await ledgers.readFolded(of))?.ledgers).toEqual({});
      }),
    );
  });
}
