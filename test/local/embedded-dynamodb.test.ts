import { ConditionalCheckFailedException, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createTable, putOnce, queryIndex } from './dynamodb-requests.ts';
import { KEY, makeDynamodbClient, startDynamodb } from './embedded-servers.ts';
import { startEmbeddedAws } from './embedded-aws-process.ts';
import { makeTempDir } from './temp-dir.ts';

describe('embedded DynamoDB', () => {
  it('writes on a condition once, and keeps the index', async () => {
    const client = makeDynamodbClient((await startDynamodb()).url);
    await createTable(client);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => client.send(putOnce('a'))));
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    );
    expect(failures).toHaveLength(7);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(ConditionalCheckFailedException);
      // Asked for with ALL_OLD: should this fail one day, callers may stop reading the row after an exception.
      expect((failure as ConditionalCheckFailedException).Item).toBeUndefined();
    }
    expect(await queryIndex(client)).toEqual(new Set(['a']));
  });

  it('is not closed under requests whose clients have gone', async () => {
    const thrown: unknown[] = [];
    const onThrown = (error: unknown): void => void thrown.push(error);
    process.on('uncaughtException', onThrown);
    onTestFinished(() => void process.off('uncaughtException', onThrown));
    for (let round = 0; round < 10; round += 1) {
      const server = await startDynamodb({ dataDir: makeTempDir() });
      const client = makeDynamodbClient(server.url);
      await createTable(client);
      const asked = Promise.allSettled(
        Array.from({ length: 30 }, (_, n) => client.send(putOnce(String(n % 5)))),
      );
      await setTimeout(round);
      client.destroy();
      await server.close();
      await asked;
    }
    expect(thrown).toEqual([]);
  });

  it('outlives a client that dies while it sends', async () => {
    const server = await startDynamodb();
    const socket = connect(server.port, '127.0.0.1');
    const head = [
      'POST / HTTP/1.1',
      `Host: 127.0.0.1:${server.port}`,
      `Authorization: AWS4-HMAC-SHA256 Credential=${KEY}/20260101/us-east-1/dynamodb/aws4_request`,
      'Content-Length: 1000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n{"Table`);
    const client = makeDynamodbClient(server.url);
    await client.send(new ListTablesCommand({}));
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    // An error thrown from the request's stream would end this process, so fail the run.
    for (let turn = 0; turn < 3; turn += 1) await client.send(new ListTablesCommand({}));
  });

  it('keeps its tables over a restart on another port, and writes nothing in memory', async () => {
    const dataDir = makeTempDir();
    const first = await startDynamodb({ dataDir });
    await createTable(makeDynamodbClient(first.url));
    await first.close();
    const second = makeDynamodbClient((await startDynamodb({ dataDir })).url);
    await second.send(putOnce('a'));

    const cwd = makeTempDir();
    vi.spyOn(process, 'cwd').mockReturnValue(cwd);
    const client = makeDynamodbClient((await startDynamodb()).url);
    await createTable(client);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('makes a table usable whose creation a kill cut short', async () => {
    const dataDir = makeTempDir();
    const first = await startDynamodb({ dataDir });
    await createTable(makeDynamodbClient(first.url));
    await first.close();
    await setTableStatus(dataDir, 'CREATING');
    const client = makeDynamodbClient((await startDynamodb({ dataDir })).url);
    await client.send(putOnce('a'));
    expect(await queryIndex(client)).toEqual(new Set(['a']));
  });

  it('says so when its data is in the hands of another process', async () => {
    const dataDir = makeTempDir();
    await startEmbeddedAws(dataDir);
    const start = startDynamodb({ dataDir: `${dataDir}/dynamodb` });
    await expect(start).rejects.toThrow(/dynamodb to be free, but another process holds it: stop the stack/);
  });

  it('lets go of its data when the port cannot be had', async () => {
    const dataDir = makeTempDir();
    mkdirSync(`${dataDir}/tables`);
    const { port } = await startDynamodb();
    const start = startDynamodb({
      dataDir: `${dataDir}/tables`,
      port: { explicit: port, setBy: '--dynamodb-port' },
    });
    await expect(start).rejects.toThrow(/--dynamodb-port/);
    await startDynamodb({ dataDir: `${dataDir}/tables` });
  });
});

/** Leaves the table as a kill between dynalite's two writes of it would. */
async function setTableStatus(dataDir: string, status: string): Promise<void> {
  interface Level {
    get(key: string): Promise<object>;
    put(key: string, value: object): Promise<void>;
    close(): Promise<void>;
  }
  const require = createRequire(createRequire(import.meta.url).resolve('dynalite'));
  const { Level } = require('level') as { Level: new (path: string, options: object) => Level };
  const db = new Level(dataDir, { valueEncoding: 'json' });
  await db.put('table~tasks', { ...(await db.get('table~tasks')), TableStatus: status });
  await db.close();
}
