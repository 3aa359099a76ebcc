import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { LaunchLock, QueueStore } from '../core/ports.ts';
import type { NewerNote, RenewalState, WorkerReport } from '../core/queue-control.ts';
import { ask, conditional, fromItem, queryAll, toItem, type Table } from './dynamo.ts';
import { queueKey, WORKER_PREFIX, workerKey } from './keys.ts';

const MAX_RACES = 10;

/** The lock lies in the queue's item: so it can be taken on condition that the queue is not paused. */
export function buildTakeLaunchLock(
  tableName: string,
  queue: string,
  lock: LaunchLock,
  previous: LaunchLock | undefined,
): UpdateItemCommandInput {
  const isStillThere = previous
    ? '#launch.#token = :token AND #launch.#heldUntil = :heldUntil'
    : 'attribute_not_exists(#launch)';
  const isOver = lock.heldUntil === 0;
  return {
    TableName: tableName,
    Key: toItem(queueKey(queue)),
    UpdateExpression: 'SET #launch = :launch',
    ConditionExpression: isOver
      ? isStillThere
      : `${isStillThere} AND (attribute_not_exists(paused) OR paused = :false)`,
    ExpressionAttributeNames: {
      '#launch': 'launch',
      ...(previous && { '#token': 'token', '#heldUntil': 'heldUntil' }),
    },
    ExpressionAttributeValues: toItem({
      ':launch': lock,
      ...(previous && { ':token': previous.token, ':heldUntil': previous.heldUntil }),
      ...(!isOver && { ':false': false }),
    }),
  };
}

/** Control of queues, and the reports of their workers, in DynamoDB. */
export function makeQueueStore(table: Table): QueueStore {
  const update = (queue: string, expression: string, values: object, condition?: string) =>
    ask(table, 'UpdateItem', {
      Key: toItem(queueKey(queue)),
      UpdateExpression: expression,
      ExpressionAttributeValues: toItem(values),
      ...(condition !== undefined && { ConditionExpression: condition }),
    });
  const readItem = async (queue: string): Promise<Record<string, unknown>> => {
    const { Item: item } = await ask(table, 'GetItem', {
      Key: toItem(queueKey(queue)),
      ConsistentRead: true,
    });
    return item ? fromItem(item) : {};
  };
  return {
    async readLaunchLock(queue) {
      return (await readItem(queue))['launch'] as LaunchLock | undefined;
    },
    async takeLaunchLock(queue, lock, previous) {
      const input = buildTakeLaunchLock(table.name, queue, lock, previous);
      const { done } = await conditional(() => ask(table, 'UpdateItem', input));
      return done;
    },
    async readControl(queue) {
      const plain = await readItem(queue);
      const renewal = plain['renewal'] as RenewalState | undefined;
      const newer = plain['newer'] as NewerNote | undefined;
      return {
        paused: plain['paused'] === true,
        purgedBefore: Number(plain['purgedBefore'] ?? 0),
        cancels: Number(plain['cancels'] ?? 0),
        ...(renewal && { renewal }),
        ...(newer && { newer }),
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
    async noteNewer(queue, note) {
      await update(queue, 'SET newer = :newer', { ':newer': note });
    },
    async setRenewal(queue, renewal) {
      await update(queue, 'SET renewal = :renewal', { ':renewal': renewal });
    },
    async reportWorker(queue, report, expiresAt) {
      const { worker, ...rest } = report;
      const item = toItem({ ...workerKey(queue, worker), ...rest, expiresAt });
      await ask(table, 'PutItem', { Item: item });
    },
    async removeWorker(queue, worker) {
      await ask(table, 'DeleteItem', { Key: toItem(workerKey(queue, worker)) });
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
