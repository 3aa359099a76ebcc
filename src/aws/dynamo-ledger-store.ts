import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import {
  NO_TOTALS,
  type FoldedRow,
  type LedgerRow,
  type LedgerUpdate,
  type Totals,
} from '../core/ledger-row.ts';
import type { LedgerStore } from '../core/ports.ts';
import { ask, conditional, fromItem, queryAll, toItem, updateItem, type Table, type Item } from './dynamo.ts';
import { foldedKey, LEDGER_PREFIX, ledgerKey, queueKey, retiredLedgerKey, type Key } from './keys.ts';

const MAX_RACES = 5;

/** Moves the ledger on, on condition that it stands where its process left it and that nobody closed it. */
export function buildAdvance(tableName: string, update: LedgerUpdate): UpdateItemCommandInput {
  const isNew = update.from === 0 ? 'attribute_not_exists(pk) OR ' : '';
  return {
    TableName: tableName,
    Key: toItem(ledgerKey(update.queue, update.ledger)),
    UpdateExpression: 'SET seq = :seq, totals = :totals, batches = :batches, lastWrite = :at',
    ConditionExpression: `(${isNew}seq = :from) AND attribute_not_exists(closed)`,
    ExpressionAttributeValues: toItem({
      ':from': update.from,
      ':seq': update.seq,
      ':at': update.at,
      ':totals': toList(update.totals),
      ':batches': toLists(update.batches),
    }),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Closes a ledger that is there, unless its seq has reached `below`; or makes one that is not there, closed. */
export function buildClose(
  tableName: string,
  ledger: { queue: string; ledger: string; below: number; at: number },
  isThere: boolean,
): UpdateItemCommandInput {
  return {
    TableName: tableName,
    Key: toItem(ledgerKey(ledger.queue, ledger.ledger)),
    UpdateExpression:
      'SET closed = :true, lastWrite = :at, seq = if_not_exists(seq, :zero), totals = if_not_exists(totals, :none)',
    ConditionExpression: isThere ? 'attribute_exists(pk) AND seq < :below' : 'attribute_not_exists(pk)',
    ExpressionAttributeValues: toItem({
      ':true': true,
      ':at': ledger.at,
      ':zero': 0,
      ':none': toList(NO_TOTALS),
      ...(isThere && { ':below': ledger.below }),
    }),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Ledgers in DynamoDB. */
export function makeLedgerStore(table: Table): LedgerStore {
  const get = async (key: Key): Promise<Item | undefined> => {
    const { Item: item } = await ask(table, 'GetItem', { Key: toItem(key), ConsistentRead: true });
    return item;
  };
  const readListed = async (queue: string, ledger: string): Promise<LedgerRow | undefined> => {
    const item = await get(ledgerKey(queue, ledger));
    return item && toLedgerRow(queue, item);
  };
  /** In this order: a ledger is retired by a copy, and removed from the list after that. */
  const read = async (queue: string, ledger: string): Promise<LedgerRow | undefined> => {
    const listed = await readListed(queue, ledger);
    if (listed) return listed;
    const item = await get(retiredLedgerKey(queue, ledger));
    return item && toLedgerRow(queue, item);
  };

  return {
    read,

    async advance(change) {
      const { queue, ledger } = change;
      const { done, item } = await updateItem(table, buildAdvance(table.name, change));
      return { done, row: item ? toLedgerRow(queue, item) : await read(queue, ledger) };
    },

    async close(queue, ledger, below, at) {
      for (let race = 0; race < MAX_RACES; race += 1) {
        const closing = await updateItem(table, buildClose(table.name, { queue, ledger, below, at }, true));
        if (closing.item) return { done: closing.done, row: toLedgerRow(queue, closing.item) };
        const row = await read(queue, ledger);
        // One that is retired is closed, and must not be made again: it has counted what it says.
        if (row) return { done: row.closed && row.seq < below, row };
        const making = await updateItem(table, buildClose(table.name, { queue, ledger, below, at }, false));
        if (making.done && making.item) return { done: true, row: toLedgerRow(queue, making.item) };
      }
      throw new Error(`ledger ${ledger} of queue ${queue} keeps changing`);
    },

    async list(queue) {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: toItem({ ':pk': queueKey(queue).pk, ':sk': LEDGER_PREFIX }),
        ConsistentRead: true,
      });
      return items.map((item) => toLedgerRow(queue, item));
    },

    async retire({ queue, ledger, seq, totals, batches, at }, expiresAt) {
      const item = {
        ...retiredLedgerKey(queue, ledger),
        seq,
        closed: true,
        totals: toList(totals),
        batches: toLists(batches),
        lastWrite: at,
        expiresAt,
      };
      await ask(table, 'PutItem', { Item: toItem(item) });
      await ask(table, 'DeleteItem', { Key: toItem(ledgerKey(queue, ledger)) });
    },

    async readFolded(of) {
      const item = await get(foldedKey(of));
      if (!item) return undefined;
      const { totals, ledgers, revision } = fromItem(item) as unknown as Omit<FoldedRow, 'totals'> & {
        totals: number[];
      };
      return { of, totals: toTotals(totals), ledgers, revision };
    },

    async replaceFolded({ of, totals, ledgers, revision: next }, revision) {
      const { done } = await conditional(() =>
        ask(table, 'PutItem', {
          Item: toItem({ ...foldedKey(of), totals: toList(totals), ledgers, revision: next }),
          ConditionExpression: revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :revision',
          ...(revision !== 0 && { ExpressionAttributeValues: toItem({ ':revision': revision }) }),
        }),
      );
      return done;
    },
  };
}

function toLedgerRow(queue: string, item: Item): LedgerRow {
  const plain = fromItem(item);
  const batches = (plain['batches'] ?? {}) as Record<string, number[]>;
  return {
    queue,
    ledger: String(plain['sk']).replace(/^[a-z]+#/, ''),
    seq: Number(plain['seq']),
    closed: plain['closed'] === true,
    at: Number(plain['lastWrite'] ?? 0),
    totals: toTotals(plain['totals'] as number[]),
    batches: Object.fromEntries(Object.entries(batches).map(([id, list]) => [id, toTotals(list)])),
  };
}

/** Short in the item: a ledger shares its 1 KB among many batches. */
function toList(totals: Totals): number[] {
  return [totals.SUCCEEDED, totals.FAILED, totals.CANCELLED];
}

function toLists(batches: Readonly<Record<string, Totals>>): Record<string, number[]> {
  return Object.fromEntries(Object.entries(batches).map(([id, totals]) => [id, toList(totals)]));
}

function toTotals(list: readonly number[] = []): Totals {
  return { SUCCEEDED: list[0] ?? 0, FAILED: list[1] ?? 0, CANCELLED: list[2] ?? 0 };
}
