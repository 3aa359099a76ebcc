import { PutItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { makeBatchStore } from '../../src/aws/dynamo-batch-store.ts';
import { makeQueueStore } from '../../src/aws/dynamo-queue-store.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import type { ChunkRow } from '../../src/core/batch-row.ts';
import { makeDynamodbClient, startDynamodb } from '../local/embedded-servers.ts';

type Send = DynamoDBClient['send'];

/** A table of its own, reached through `intercept`. */
async function makeTable(intercept: (command: object, send: () => Promise<unknown>) => Promise<unknown>) {
  const client = makeDynamodbClient((await startDynamodb()).url);
  await provisionTable({ dynamodb: client } as Parameters<typeof provisionTable>[0], 'late');
  const send = ((command: Parameters<Send>[0]) => intercept(command, () => client.send(command))) as Send;
  return { plain: { client, name: 'late' }, broken: { client: { send } as DynamoDBClient, name: 'late' } };
}

describe('requests that do not go as they should', () => {
  test('a pause that takes effect late does not undo the resume of after it', async () => {
    let late: (() => Promise<unknown>) | undefined;
    const { plain, broken } = await makeTable(async (command, send) => {
      if (late || !(command instanceof UpdateItemCommand)) return send();
      late = send;
      throw new Error('no answer');
    });
    await expect(makeQueueStore(broken).setPaused('q', true)).rejects.toThrow('no answer');
    const queues = makeQueueStore(plain);
    await queues.setPaused('q', true);
    await queues.setPaused('q', false);
    await expect(late?.()).rejects.toThrow('conditional');
    expect((await queues.readControl('q')).paused).toBe(false);
  });

  test('a chunk without its mark is not stored: nobody would send the messages of its tasks', async () => {
    let puts = 0;
    const { plain, broken } = await makeTable(async (command, send) => {
      if (command instanceof PutItemCommand && (puts += 1) === 2) throw new Error('no answer');
      return send();
    });
    const chunk: ChunkRow = {
      batch: 'b',
      chunk: 0,
      queue: 'q',
      hash: 'h',
      createdAt: 1,
      tasks: [{ line: 1, task: { command: 'true' } }],
      sent: false,
    };
    await expect(makeBatchStore(broken).storeChunk(chunk)).rejects.toThrow('no answer');
    const batches = makeBatchStore(plain);
    expect(await batches.readChunk('b', 0)).toBeUndefined();
    expect(await batches.storeChunk(chunk)).toMatchObject({ hash: 'h', sent: false });
    expect(await batches.readChunk('b', 0)).toEqual(chunk);
  });
});
