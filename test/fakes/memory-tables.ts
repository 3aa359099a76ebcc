import { NO_TOTALS, type LedgerRow } from '../../src/core/ledger-row.ts';
import type { BatchStore, LedgerStore, QueueStore } from '../../src/core/ports.ts';
import type { QueueControl } from '../../src/core/queue-control.ts';
import type { MemoryState } from './memory-state.ts';
import { stored } from './memory-tasks.ts';

export function makeMemoryLedgers({ ledgers, retired, folded }: MemoryState): LedgerStore {
  const keyOf = (queue: string, ledger: string) => `${queue}/${ledger}`;
  const find = (key: string) => ledgers.get(key) ?? retired.get(key);
  return {
    read: async (queue, ledger) => find(keyOf(queue, ledger)),
    advance: async ({ queue, ledger, from, seq, totals, batches, at }) => {
      const listed = ledgers.get(keyOf(queue, ledger)); // a condition sees one item: not where the retired ones are
      if (listed?.closed || (listed?.seq ?? 0) !== from)
        return { done: false, row: find(keyOf(queue, ledger)) };
      const next: LedgerRow = stored({ queue, ledger, seq, closed: false, totals, batches, at });
      ledgers.set(keyOf(queue, ledger), next);
      return { done: true, row: next };
    },
    close: async (queue, ledger, below, at) => {
      const key = keyOf(queue, ledger);
      const row = find(key);
      if (row && row.seq >= below) return { done: false, row };
      if (!ledgers.has(key) && retired.has(key)) return { done: true, row };
      const closed = {
        ...(row ?? { queue, ledger, seq: 0, totals: NO_TOTALS, batches: {} }),
        closed: true,
        at,
      };
      ledgers.set(key, closed);
      return { done: true, row: closed };
    },
    list: async (queue) => [...ledgers.values()].filter((ledger) => ledger.queue === queue),
    retire: async (row) => {
      const key = keyOf(row.queue, row.ledger);
      retired.set(key, stored(row));
      ledgers.delete(key);
    },
    readFolded: async (of) => folded.get(JSON.stringify(of)),
    replaceFolded: async (row, revision) => {
      const key = JSON.stringify(row.of);
      if ((folded.get(key)?.revision ?? 0) !== revision) return false;
      folded.set(key, stored(row));
      return true;
    },
  };
}

export function makeMemoryBatches({ chunks, batches }: MemoryState): BatchStore {
  const keyOf = (batch: string, chunk: number) => `${batch}/${chunk}`;
  return {
    readChunk: async (batch, chunk) => chunks.get(keyOf(batch, chunk)),
    storeChunk: async (row) => {
      const existing = chunks.get(keyOf(row.batch, row.chunk));
      if (!existing) chunks.set(keyOf(row.batch, row.chunk), stored(row));
      return existing;
    },
    markSent: async (batch, chunk) => {
      const row = chunks.get(keyOf(batch, chunk));
      if (!row) throw new Error(`there is no chunk ${chunk} of batch ${batch}`);
      chunks.set(keyOf(batch, chunk), { ...row, sent: true });
    },
    unsentChunks: async (queue, before) =>
      [...chunks.values()].filter((row) => row.queue === queue && !row.sent && row.createdAt < before),
    read: async (batch) => batches.get(batch),
    replace: async (row, revision) => {
      if ((batches.get(row.id)?.revision ?? 0) !== revision) return false;
      batches.set(row.id, stored(row));
      return true;
    },
  };
}

const FRESH: QueueControl = { paused: false, purgedBefore: 0, cancels: 0 };

export function makeMemoryControls({ controls, locks, reports }: MemoryState): QueueStore {
  const control = (queue: string) => controls.get(queue) ?? FRESH;
  return {
    readLaunchLock: async (queue) => locks.get(queue),
    takeLaunchLock: async (queue, lock, read) => {
      const now = locks.get(queue);
      if (now?.token !== read?.token || now?.heldUntil !== read?.heldUntil) return false;
      if (lock.heldUntil !== 0 && control(queue).paused) return false;
      locks.set(queue, stored(lock));
      return true;
    },
    readControl: async (queue) => control(queue),
    setPaused: async (queue, paused) => void controls.set(queue, { ...control(queue), paused }),
    setPurgedBefore: async (queue, at) => {
      const purgedBefore = Math.max(at, control(queue).purgedBefore);
      controls.set(queue, { ...control(queue), purgedBefore });
    },
    noteCancel: async (queue) => {
      controls.set(queue, { ...control(queue), cancels: control(queue).cancels + 1 });
    },
    noteNewer: async (queue, newer) => void controls.set(queue, { ...control(queue), newer }),
    setRenewal: async (queue, renewal) => void controls.set(queue, { ...control(queue), renewal }),
    reportWorker: async (queue, report) => void reports.set(`${queue}/${report.worker}`, { queue, report }),
    removeWorker: async (queue, worker) => void reports.delete(`${queue}/${worker}`),
    workers: async (queue) =>
      [...reports.values()].filter((entry) => entry.queue === queue).map(({ report }) => report),
  };
}
