import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { BatchRow, ChunkRow, ChunkTask } from '../core/batch-row.ts';
import { CHUNK_RETENTION_MS } from '../core/limits.ts';
import { expiryAfter } from '../core/new-row.ts';
import type { BatchStore } from '../core/ports.ts';
import { ask, conditional, fromBinary, fromItem, toBinary, toItem, type Item, type Table } from './dynamo.ts';
import {
  batchKey,
  chunkKey,
  indexSort,
  parseKey,
  programsKey,
  shardOf,
  timeIndexPartition,
  unsentIndexPartition,
  type Key,
} from './keys.ts';

const SWEEP_PAGE = 100;

/**
 * Batches in DynamoDB. A chunk is two items: its programs, large and written once, and its mark, small, which
 * says whether its messages are sent. The programs go first: a mark without programs never exists.
 */
export function makeBatchStore(table: Table): BatchStore {
  const get = async (key: Key) => {
    const { Item: item } = await ask(table, 'GetItem', { Key: toItem(key), ConsistentRead: true });
    return item && fromItem(item);
  };
  const putIfAbsent = async (item: Item): Promise<boolean> => {
    const { done } = await conditional(() =>
      ask(table, 'PutItem', {
        Item: item,
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
    return done;
  };
  const readPrograms = async (batch: string, chunk: number): Promise<Omit<ChunkRow, 'sent'> | undefined> => {
    const plain = await get(programsKey(batch, chunk));
    if (!plain) return undefined;
    const tasks = JSON.parse(inflateRawSync(fromBinary(plain['tasks'])).toString()) as ChunkTask[];
    const { queue, hash, createdAt } = plain as Pick<ChunkRow, 'queue' | 'hash' | 'createdAt'>;
    return { batch, chunk, queue, hash, createdAt, tasks };
  };
  const readMark = async (batch: string, chunk: number): Promise<{ sent: boolean } | undefined> => {
    const plain = await get(chunkKey(batch, chunk));
    return plain && { sent: plain['sent'] === true };
  };

  return {
    async readChunk(batch, chunk) {
      const programs = await readPrograms(batch, chunk);
      // Without a mark it is not stored yet: nobody would send the message of a task of it.
      const mark = programs && (await readMark(batch, chunk));
      return mark && { ...programs, ...mark };
    },

    async storeChunk(row) {
      const expiresAt = expiryAfter(row.createdAt, CHUNK_RETENTION_MS);
      const { queue, hash, createdAt } = row;
      const isNew = await putIfAbsent({
        ...toItem({ ...programsKey(row.batch, row.chunk), queue, hash, createdAt, expiresAt }),
        tasks: toBinary(deflateRawSync(JSON.stringify(row.tasks))),
      });
      const programs = isNew ? row : await readPrograms(row.batch, row.chunk);
      if (!programs)
        throw new Error(`chunk ${row.chunk} of batch ${row.batch} was refused, and is not there`);
      if (programs.hash !== row.hash) return { ...programs, sent: false };
      const name = `${row.batch}.${row.chunk}`;
      const sort = indexSort(programs.createdAt, name);
      const mark = {
        ...chunkKey(row.batch, row.chunk),
        sent: false,
        gq: timeIndexPartition(row.queue, shardOf(name)),
        gt: sort,
        fq: unsentIndexPartition(row.queue),
        ft: sort,
        expiresAt,
      };
      const isMarked = await putIfAbsent(toItem(mark));
      if (isNew) return undefined;
      return { ...programs, sent: !isMarked && (await readMark(row.batch, row.chunk))?.sent === true };
    },

    async markSent(batch, chunk) {
      await ask(table, 'UpdateItem', {
        Key: toItem(chunkKey(batch, chunk)),
        UpdateExpression: 'SET sent = :true REMOVE fq, ft',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: toItem({ ':true': true }),
      });
    },

    async unsentChunks(queue, before) {
      const { Items: items = [] } = await ask(table, 'Query', {
        IndexName: 'open',
        KeyConditionExpression: 'fq = :queue AND ft < :before',
        ExpressionAttributeValues: toItem({
          ':queue': unsentIndexPartition(queue),
          ':before': indexSort(before, ''),
        }),
        Limit: SWEEP_PAGE,
      });
      return items.flatMap((item) => {
        const plain = fromItem(item);
        const key = parseKey({ pk: String(plain['pk']), sk: String(plain['sk']) });
        return key && 'chunk' in key ? [key.chunk] : [];
      });
    },

    async read(id) {
      const plain = await get(batchKey(id));
      if (!plain) return undefined;
      const { pk: _pk, sk: _sk, expiresAt: _expiresAt, ...row } = plain;
      return { ...row, id } as BatchRow;
    },

    async replace({ id, ...row }, revision) {
      const { done } = await conditional(() =>
        ask(table, 'PutItem', {
          Item: toItem({
            ...batchKey(id),
            ...row,
            expiresAt: expiryAfter(row.createdAt, CHUNK_RETENTION_MS),
          }),
          ConditionExpression: revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :revision',
          ...(revision !== 0 && { ExpressionAttributeValues: toItem({ ':revision': revision }) }),
        }),
      );
      return done;
    },
  };
}
