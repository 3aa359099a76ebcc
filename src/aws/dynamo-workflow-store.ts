import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { WorkflowStore } from '../core/workflow-store.ts';
import type { StepSpec, WorkflowRow } from '../core/workflow-row.ts';
import { ask, conditional, fromBinary, fromItem, toBinary, toItem, type Item, type Table } from './dynamo.ts';
import { workflowKey, workflowStepsKey, type Key } from './keys.ts';

/**
 * Workflows in DynamoDB: two items, as a chunk is. What is enqueued later goes first, so that a workflow that is
 * there has all it needs.
 */
export function makeWorkflowStore(table: Table): WorkflowStore {
  const get = async (key: Key) => {
    const { Item: item } = await ask(table, 'GetItem', { Key: toItem(key), ConsistentRead: true });
    return item;
  };
  const putIfAbsent = (item: Item) =>
    conditional(() =>
      ask(table, 'PutItem', {
        Item: item,
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  /** Of an item that must be there; undefined when it is not. */
  const update = async (key: Key, expression: string, values: object): Promise<Item | undefined> => {
    const { done, item } = await conditional(() =>
      ask(table, 'UpdateItem', {
        Key: toItem(key),
        UpdateExpression: expression,
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: toItem(values),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return done ? item : undefined;
  };
  const read = async (id: string) => {
    const item = await get(workflowKey(id));
    return item && toRow(id, item);
  };

  return {
    read,

    async store({ id, done: _done, ...row }, steps) {
      const { hash, expiresAt } = row;
      const first = await putIfAbsent({
        ...toItem({ ...workflowStepsKey(id), hash, expiresAt }),
        steps: toBinary(deflateRawSync(JSON.stringify(steps))),
      });
      if (!first.done) {
        const there = await get(workflowStepsKey(id));
        // Of another content: nothing is made for it. It is not accepted, and reads as what it is in conflict with.
        const storedHash = there && String(fromItem(there)['hash']);
        if (storedHash !== undefined && storedHash !== hash)
          return { ...row, id, hash: storedHash, done: [] };
      }
      const { done } = await putIfAbsent(toItem({ ...workflowKey(id), ...row }));
      return done ? undefined : read(id);
    },

    async readSteps(id) {
      const item = await get(workflowStepsKey(id));
      if (!item) return undefined;
      return JSON.parse(inflateRawSync(fromBinary(fromItem(item)['steps'])).toString()) as StepSpec[];
    },

    async addDone(id, member) {
      const item = await update(workflowKey(id), 'ADD done :member', { ':member': new Set([member]) });
      return item && toRow(id, item);
    },

    async cancel(id, at) {
      const item = await update(workflowKey(id), 'SET cancelledAt = if_not_exists(cancelledAt, :at)', {
        ':at': at,
      });
      return item && toRow(id, item);
    },

    async extend(id, expiresAt) {
      for (const key of [workflowStepsKey(id), workflowKey(id)])
        await update(key, 'SET expiresAt = :expiresAt', { ':expiresAt': expiresAt });
    },
  };
}

function toRow(id: string, item: Item): WorkflowRow {
  const { pk: _pk, sk: _sk, done, ...row } = fromItem(item);
  const members = done === undefined ? [] : [...(done as Set<number>)].sort((a, b) => a - b);
  return { ...row, id, done: members } as unknown as WorkflowRow;
}
