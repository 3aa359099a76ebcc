import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTable, putOnce, queryIndex } from './dynamodb-requests.ts';
import { startEmbeddedAws } from './embedded-aws-process.ts';
import { makeDynamodbClient, startDynamodb } from './embedded-servers.ts';
import { makeTempDir } from './temp-dir.ts';

describe('after a kill -9 and a start on other ports, DynamoDB', () => {
  it('has every item that it acknowledged, and its index', async () => {
    const dataDir = makeTempDir();
    const first = await startEmbeddedAws(dataDir);
    const client = makeDynamodbClient(first.dynamodb);
    await createTable(client);
    const acknowledged: string[] = [];
    const writeUntilKilled = async (writer: number): Promise<void> => {
      for (let n = 0; ; n += 1) {
        await client.send(putOnce(`${writer}-${n}`));
        acknowledged.push(`${writer}-${n}`);
        if (acknowledged.length > 600) void first.kill();
      }
    };
    const ends = await Promise.allSettled([0, 1, 2, 3].map(writeUntilKilled));
    expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));

    const again = makeDynamodbClient((await startDynamodb({ dataDir: join(dataDir, 'dynamodb') })).url);
    const inIndex = await queryIndex(again);
    expect(acknowledged.filter((id) => !inIndex.has(id))).toEqual([]);
    const last = { TableName: 'tasks', Key: { pk: { S: acknowledged.at(-1) ?? '' } } };
    expect((await again.send(new GetItemCommand(last))).Item).toMatchObject({ queue: { S: 'q' } });
  });
});
