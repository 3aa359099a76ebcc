import { forgetOld } from '../../src/core/ledger-row.ts';
import type { Settler } from '../../src/core/settle.ts';
import { breakChanges, breakLedgers } from './mutant.ts';
import { ANY_REVISION } from './sim-ledgers.ts';
import type { Mutant } from './world.ts';

/** Breaks of stamps, ledgers, and folding. */
export const COUNT_MUTANTS: readonly Mutant[] = [
  {
    name: 'flush-without-its-sequence',
    breaks: 'a ledger moves on only from where its process left it',
    ports: breakLedgers((ledgers, { world }) => ({
      advance: (update) =>
        ledgers.advance({ ...update, from: world.tables.ledgers.get(update.ledger)?.seq ?? 0 }),
    })),
  },
  {
    name: 'flush-past-an-unknown-end',
    breaks: 'no flush passes an end whose outcome is not known',
    ports: breakChanges(async (change, send) => {
      if (!change.set.stamp) return send(change);
      return send(change).catch(() => ({ done: false as const, row: undefined }));
    }),
  },
  {
    name: 'closed-ledger-still-written',
    breaks: 'nothing is added to a closed ledger',
    ports: breakLedgers((ledgers, { world }) => ({
      async advance(update) {
        const answer = await ledgers.advance(update);
        if (answer.done || !answer.row?.closed) return answer;
        const { from: _from, ...row } = update;
        world.tables.ledgers.set(update.ledger, { ...row, closed: true });
        return { done: true, row: { ...row, closed: true } };
      },
    })),
  },
  {
    name: 'restamp-without-closing',
    breaks: 'the ledger of an uncounted end is closed before the end is stamped anew',
    ports: breakLedgers((ledgers) => ({
      async close(queue, ledger, below) {
        const row = await ledgers.read(queue, ledger);
        return { done: (row?.seq ?? 0) < below, row };
      },
    })),
  },
  {
    name: 'restamp-without-the-old-stamp',
    breaks: 'an end is stamped anew on condition of its old stamp',
    ports: breakChanges((change, send) =>
      send(change.event === 'restamp' ? { ...change, guard: {} } : change),
    ),
  },
  {
    name: 'delete-after-a-failed-restamp',
    breaks: 'a message goes only when its row’s present stamp is counted',
    settler: (settler) => withSettleTerminal(settler, async (settle, row) => (await settle(row), true)),
  },
  {
    name: 'redrive-before-its-end-is-counted',
    breaks: 'a task is redriven only once its old end is counted',
    settler: (settler, process) =>
      process.name.startsWith('api') ? withSettleTerminal(settler, async () => true) : settler,
  },
  {
    name: 'counted-as-ignored',
    breaks: 'the end of a redriven task takes the earlier one back',
    ports: breakChanges(async (change, send) => {
      const result = await send(change);
      if (!result.row) return result;
      const { countedAs: _countedAs, ...row } = result.row;
      return { ...result, row };
    }),
  },
  {
    name: 'retire-without-folding',
    breaks: 'a ledger leaves the list only when its counts are in the totals',
    ports: breakLedgers(() => ({ replaceFolded: async () => true })),
  },
  {
    name: 'fold-without-memory',
    breaks: 'the totals remember which ledgers they hold',
    ports: breakLedgers((ledgers) => ({
      replaceFolded: (row, revision) =>
        ledgers.replaceFolded(forgetOld(row, Infinity, new Set()) ?? row, revision),
    })),
  },
  {
    name: 'fold-without-its-revision',
    breaks: 'the totals are replaced on condition of their revision',
    ports: breakLedgers((ledgers) => ({
      replaceFolded: (row) => ledgers.replaceFolded(row, ANY_REVISION),
    })),
  },
  {
    name: 'open-ledger-folded',
    breaks: 'only a closed ledger is folded',
    ports: breakLedgers((ledgers) => ({
      list: async (queue) =>
        (await ledgers.list(queue)).map((ledger) => ({ ...ledger, closed: true, at: ledger.at - 120_000 })),
    })),
  },
  {
    name: 'retired-ledger-forgotten',
    breaks: 'a retired ledger still answers for the ends that it counted',
    ports: breakLedgers((_ledgers, { world }) => ({
      async retire({ ledger }) {
        world.tables.ledgers.delete(ledger);
      },
    })),
  },
  {
    name: 'chunk-counted-again',
    breaks: 'a chunk is added to its batch once',
    ports: (ports) => ({
      ...ports,
      batches: {
        ...ports.batches,
        read: async (batch) => {
          const row = await ports.batches.read(batch);
          return row && { ...row, upTo: 0, ahead: [] };
        },
      },
    }),
  },
];

type Settle = Settler['settleTerminal'];

function withSettleTerminal(
  settler: Settler,
  broken: (settle: Settle, row: Parameters<Settle>[0]) => Promise<boolean>,
) {
  const settle: Settle = settler.settleTerminal.bind(settler);
  settler.settleTerminal = (row) => broken(settle, row);
  return settler;
}
