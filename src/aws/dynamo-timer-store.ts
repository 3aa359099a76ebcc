import type { Timer, TimerStore } from '../core/timer.ts';
import { ask, conditional, fromItem, toItem, type Item, type Table } from './dynamo.ts';
import { indexSort, timerKey, TIMERS_PARTITION } from './keys.ts';

/** Timers in the table of a local stack: one item each; one that is not paused is in the sparse index by its time. */
export function makeTimerStore(table: Table): TimerStore {
  return {
    async read(queue, id) {
      const { Item: item } = await ask(table, 'GetItem', {
        Key: toItem(timerKey(queue, id)),
        ConsistentRead: true,
      });
      return item && toTimer(item);
    },
    async put(timer, revision) {
      const { done } = await conditional(() =>
        ask(table, 'PutItem', { Item: toTimerItem(timer), ...ifStill(revision) }),
      );
      return done;
    },
    async remove(queue, id, revision) {
      const Key = toItem(timerKey(queue, id));
      const { done } = await conditional(() => ask(table, 'DeleteItem', { Key, ...ifStill(revision) }));
      return done;
    },
    async list(queue, prefix, limit, after) {
      const { pk } = timerKey(queue, '');
      const page = await ask(table, 'Query', {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: toItem({ ':pk': pk, ':prefix': prefix }),
        ConsistentRead: true,
        Limit: limit,
        ...(after !== undefined && { ExclusiveStartKey: toItem(timerKey(queue, after)) }),
      });
      return { timers: (page.Items ?? []).map(toTimer), more: page.LastEvaluatedKey !== undefined };
    },
    async due(by, limit) {
      const { Items: items = [] } = await ask(table, 'Query', {
        IndexName: 'open',
        KeyConditionExpression: 'fq = :fq AND ft < :until',
        ExpressionAttributeValues: toItem({ ':fq': TIMERS_PARTITION, ':until': indexSort(by + 1, '') }),
        Limit: limit,
      });
      return items.map(fromItem).map(({ pk, sk }) => ({
        queue: String(pk).slice(timerKey('', '').pk.length),
        id: String(sk),
      }));
    },
  };
}

function ifStill(revision: number) {
  if (revision === 0) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return {
    ConditionExpression: 'revision = :revision',
    ExpressionAttributeValues: toItem({ ':revision': revision }),
  };
}

function toTimerItem({ queue, id, due, revision, what }: Timer): Item {
  return toItem({
    ...timerKey(queue, id),
    revision,
    what: JSON.stringify(what),
    ...(due !== undefined && { due, fq: TIMERS_PARTITION, ft: indexSort(due, `${queue}#${id}`) }),
  });
}

function toTimer(item: Item): Timer {
  const plain = fromItem(item);
  return {
    queue: String(plain['pk']).slice(timerKey('', '').pk.length),
    id: String(plain['sk']),
    revision: Number(plain['revision']),
    what: JSON.parse(String(plain['what'])) as Timer['what'],
    ...(plain['due'] !== undefined && { due: Number(plain['due']) }),
  };
}
