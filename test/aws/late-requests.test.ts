import { describe, expect, onTestFinished, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { makeBatchStore } from '../../src/aws/dynamo-batch-store.ts';
import { makeQueueStore } from '../../src/aws/dynamo-queue-store.ts';
import type { JsonService } from '../../src/aws/json-service.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import type { ChunkRow } from '../../src/core/batch-row.ts';
import { KEY, startDynamodb } from '../local/embedded-servers.ts';

/** A table of its own, reached through `intercept`. */
async function makeTable(intercept: (operation: string, send: () => Promise<unknown>) => Promise<unknown>) {
  const clients = makeAwsClients({ dynamodb: (await startDynamodb()).url, region: 'us-east-1', key: KEY });
  onTestFinished(() => clients.close());
  await provisionTable(clients, 'late');
  const json = clients.dynamodbJson;
  const broken: JsonService = {
    ...json,
    call: <Output>(operation: string, input: object) =>
      intercept(operation, () => json.call(operation, input)) as Promise<Output>,
  };
  const { calls } = clients;
  return { plain: { json, calls, name: 'late' }, broken: { json: broken, calls, name: 'late' } };
}

describe('requests that do not go as they should', () => {
  test('a pause that takes effect late does not undo the resume of after it', async () => {
    let late: (() => Promise<unknown>) | undefined;
    const { plain, broken } = await makeTable(async (operation, send) => {
      if (late || operation !== 'UpdateItem') return send();
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
    const { plain, broken } = await makeTable(async (operation, send) => {
      if (operation === 'PutItem' && (puts += 1) === 2) throw new Error('no answer');
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
