import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { QueueStore, WorkerReport } from '../core/ports.ts';
import { conditional, fromItem, queryAll, toItem, type Table } from './dynamo.ts';
import { queueKey, WORKER_PREFIX, workerKey } from './keys.ts';

const MAX_RACES = 10;

/** Control of queues, and the reports of their workers, in DynamoDB. */
export function makeQueueStore(table: Table): QueueStore {
  const update = (queue: string, expression: string, values: object, condition?: string) =>
    table.client.send(
      new UpdateItemCommand({
        TableName: table.name,
        Key: toItem(queueKey(queue)),
        UpdateExpression: expression,
        ExpressionAttributeValues: toItem(values),
        ...(condition !== undefined && { ConditionExpression: condition }),
      }),
    );
  const readItem = async (queue: string): Promise<Record<string, unknown>> => {
    const { Item: item } = await table.client.send(
      new GetItemCommand({ TableName: table.name, Key: toItem(queueKey(queue)), ConsistentRead: true }),
    );
    return item ? fromItem(item) : {};
  };
  return {
    async readControl(queue) {
      const plain = await readItem(queue);
      return {
        paused: plain['paused'] === true,
        purgedBefore: Number(plain['purgedBefore'] ?? 0),
        cancels: Number(plain['cancels'] ?? 0),
      };
    },
    async setPaused(queue, paused) {
      // Each switch names the one before it: a pause that is carried out late must not undo a later resume.
      for (let race = 0; race < MAX_RACES; race += 1) {
        const before = (await readItem(queue))['switches'];
        const { done } = await conditional(() =>
          update(
            queue,
            'SET paused = :paused, switches = :next',
            {
              ':paused': paused,
              ':next': Number(before ?? 0) + 1,
              ...(before !== undefined && { ':before': before }),
            },
            before === undefined ? 'attribute_not_exists(switches)' : 'switches = :before',
          ),
        );
        if (done) return;
      }
      throw new Error(`queue ${queue} is paused and resumed by too many at once`);
    },
    async setPurgedBefore(queue, at) {
      await conditional(() =>
        update(
          queue,
          'SET purgedBefore = :at',
          { ':at': at },
          'attribute_not_exists(purgedBefore) OR purgedBefore < :at',
        ),
      );
    },
    async noteCancel(queue) {
      await update(queue, 'ADD cancels :one', { ':one': 1 });
    },
    async reportWorker(queue, report, expiresAt) {
      const { worker, ...rest } = report;
      const item = toItem({ ...workerKey(queue, worker), ...rest, expiresAt });
      await table.client.send(new PutItemCommand({ TableName: table.name, Item: item }));
    },
    async removeWorker(queue, worker) {
      await table.client.send(
        new DeleteItemCommand({ TableName: table.name, Key: toItem(workerKey(queue, worker)) }),
      );
    },
    async workers(queue) {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :sk)',
        ExpressionAttributeValues: toItem({ ':pk': queueKey(queue).pk, ':sk': WORKER_PREFIX }),
        ConsistentRead: true,
      });
      return items.map((item): WorkerReport => {
        const { pk: _pk, sk, expiresAt: _expiresAt, ...report } = fromItem(item);
        return { ...report, worker: String(sk).slice(WORKER_PREFIX.length) } as WorkerReport;
      });
    },
  };
}
