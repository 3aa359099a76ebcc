import { GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { MAX_PAYLOAD_PART_BYTES } from '../core/limits.ts';
import type {
  ChangeResult,
  ChangesTogether,
  IndexEntry,
  IndexPage,
  TaskOutput,
  TaskStore,
} from '../core/ports.ts';
import type { TaskRow } from '../core/task-row.ts';
import type { TaskChange } from '../core/transition.ts';
import {
  conditional,
  fromItem,
  getMany,
  queryAll,
  toItem,
  updateItem,
  type BusyTable,
  type Item,
  type Table,
} from './dynamo.ts';
import { indexTime, outputKey, PAYLOAD_PREFIX, parseKey, payloadKey, taskKey } from './keys.ts';
import { buildIndexPage, buildTaskChange } from './task-commands.ts';
import { toShownTaskRow, toTaskRow } from './task-item.ts';

/** Tasks in DynamoDB. @param together for processes with many changes at a time */
export function makeTaskStore(table: BusyTable, together?: ChangesTogether): TaskStore {
  const read = async (id: string): Promise<TaskRow | undefined> => {
    const item = await getItem(table, toItem(taskKey(id)));
    return item && toTaskRow(item);
  };

  return {
    read,
    ...(together && { together }),

    async show(id) {
      const item = await getItem(table, toItem(taskKey(id)));
      return item && toShownTaskRow(item);
    },

    async showMany(named) {
      const ids = [...new Set(named)]; // DynamoDB refuses a request that names a key twice
      const keys = ids.map((id) => toItem(taskKey(id)));
      const rows = (await getMany(table, keys, { isConsistent: true })).map(toShownTaskRow);
      return new Map(rows.map((row) => [row.id, row]));
    },

    async change(change: TaskChange): Promise<ChangeResult> {
      const input = buildTaskChange(table.name, change);
      const { done, item } = await updateItem(table, input);
      if (done && item) return { done, row: toTaskRow(item) };
      return { done: false, row: item ? toTaskRow(item) : await read(change.id) };
    },

    async writeOutput(id, output, expiresAt) {
      await conditional(() =>
        table.client.send(
          new PutItemCommand({
            TableName: table.name,
            Item: toItem({ ...outputKey(id), ...output, expiresAt }),
            // A worker that has lost its lease must not replace what a later attempt wrote.
            ConditionExpression: 'attribute_not_exists(pk) OR attempt <= :attempt',
            ExpressionAttributeValues: toItem({ ':attempt': output.attempt }),
          }),
        ),
      );
    },

    async readOutput(id) {
      const item = await getItem(table, toItem(outputKey(id)));
      return item && (fromItem(item) as unknown as TaskOutput);
    },

    async writePayload(id, text, expiresAt) {
      const bytes = deflateRawSync(text);
      const parts = Math.max(1, Math.ceil(bytes.length / MAX_PAYLOAD_PART_BYTES));
      for (let part = parts - 1; part >= 0; part -= 1) {
        const data = bytes.subarray(part * MAX_PAYLOAD_PART_BYTES, (part + 1) * MAX_PAYLOAD_PART_BYTES);
        const item = { ...payloadKey(id, part), data: new Uint8Array(data), parts, expiresAt };
        await table.client.send(new PutItemCommand({ TableName: table.name, Item: toItem(item) }));
      }
    },

    async readPayload(id) {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: toItem({ ':pk': taskKey(id).pk, ':sk': PAYLOAD_PREFIX }),
        ConsistentRead: true,
      });
      const parts = items.map((item) => fromItem(item) as { data: Uint8Array; parts: number });
      const first = parts[0];
      if (!first || parts.length < first.parts) return undefined;
      return inflateRawSync(Buffer.concat(parts.slice(0, first.parts).map(({ data }) => data))).toString();
    },

    async page(query): Promise<IndexPage> {
      const page = await table.client.send(new QueryCommand(buildIndexPage(table.name, query)));
      const sort = query.index === 'failed' ? 'ft' : 'gt';
      const entries = (page.Items ?? []).flatMap((item): IndexEntry[] => {
        const plain = fromItem(item);
        const key = parseKey({ pk: String(plain['pk']), sk: String(plain['sk']) });
        const place = String(plain[sort]);
        return key ? [{ key: place, at: indexTime(place), ...key }] : [];
      });
      return { entries, more: page.LastEvaluatedKey !== undefined };
    },
  };
}

async function getItem(table: Table, key: Item): Promise<Item | undefined> {
  const { Item: item } = await table.client.send(
    new GetItemCommand({ TableName: table.name, Key: key, ConsistentRead: true }),
  );
  return item;
}
