import { GetItemCommand, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { NO_TOTALS, type LedgerRow, type LedgerUpdate, type Totals } from '../core/ledger-row.ts';
import type { LedgerStore } from '../core/ports.ts';
import { conditional, fromItem, queryAll, toItem, type Item, type Table } from './dynamo.ts';
import { LEDGER_PREFIX, ledgerKey, queueKey } from './keys.ts';

/** Moves the ledger on, on condition that it stands where its process left it and that nobody closed it. */
export function buildAdvance(tableName: string, update: LedgerUpdate): UpdateItemCommandInput {
  const isNew = update.from === 0 ? 'attribute_not_exists(pk) OR ' : '';
  return {
    TableName: tableName,
    Key: toItem(ledgerKey(update.queue, update.ledger)),
    UpdateExpression: 'SET seq = :seq, totals = :totals, batches = :batches',
    ConditionExpression: `(${isNew}seq = :from) AND attribute_not_exists(closed)`,
    ExpressionAttributeValues: toItem({
      ':from': update.from,
      ':seq': update.seq,
      ':totals': toList(update.totals),
      ':batches': Object.fromEntries(
        Object.entries(update.batches).map(([id, totals]) => [id, toList(totals)]),
      ),
    }),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Closes the ledger unless its seq has reached `below`; makes it, closed, where it is not there. */
export function buildClose(
  tableName: string,
  queue: string,
  ledger: string,
  below: number,
): UpdateItemCommandInput {
  return {
    TableName: tableName,
    Key: toItem(ledgerKey(queue, ledger)),
    UpdateExpression:
      'SET closed = :true, seq = if_not_exists(seq, :zero), totals = if_not_exists(totals, :none)',
    ConditionExpression: 'attribute_not_exists(pk) OR seq < :below',
    ExpressionAttributeValues: toItem({
      ':true': true,
      ':zero': 0,
      ':below': below,
      ':none': toList(NO_TOTALS),
    }),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

/** Ledgers in DynamoDB. */
export function makeLedgerStore(table: Table): LedgerStore {
  const read = async (queue: string, ledger: string): Promise<LedgerRow | undefined> => {
    const { Item: item } = await table.client.send(
      new GetItemCommand({
        TableName: table.name,
        Key: toItem(ledgerKey(queue, ledger)),
        ConsistentRead: true,
      }),
    );
    return item && toLedgerRow(queue, item);
  };
  const update = async (queue: string, ledger: string, input: UpdateItemCommandInput) => {
    const { done, item } = await conditional(() => table.client.send(new UpdateItemCommand(input)));
    return { done, row: item ? toLedgerRow(queue, item) : await read(queue, ledger) };
  };
  return {
    read,
    advance: (change) => update(change.queue, change.ledger, buildAdvance(table.name, change)),
    close: (queue, ledger, below) => update(queue, ledger, buildClose(table.name, queue, ledger, below)),
    async list(queue) {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: toItem({ ':pk': queueKey(queue).pk, ':sk': LEDGER_PREFIX }),
        ConsistentRead: true,
      });
      return items.map((item) => toLedgerRow(queue, item));
    },
  };
}

function toLedgerRow(queue: string, item: Item): LedgerRow {
  const plain = fromItem(item);
  const batches = (plain['batches'] ?? {}) as Record<string, number[]>;
  return {
    queue,
    ledger: String(plain['sk']).slice(LEDGER_PREFIX.length),
    seq: Number(plain['seq']),
    closed: plain['closed'] === true,
    totals: toTotals(plain['totals'] as number[]),
    batches: Object.fromEntries(Object.entries(batches).map(([id, list]) => [id, toTotals(list)])),
  };
}

/** Short in the item: a ledger shares its 1 KB among many batches. */
function toList(totals: Totals): number[] {
  return [totals.SUCCEEDED, totals.FAILED, totals.CANCELLED];
}

function toTotals(list: readonly number[] = []): Totals {
  return { SUCCEEDED: list[0] ?? 0, FAILED: list[1] ?? 0, CANCELLED: list[2] ?? 0 };
}
