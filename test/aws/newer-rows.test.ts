import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { toItem } from '../../src/aws/dynamo.ts';
import { makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { judgeDeadLetter } from '../../src/core/dead-letter.ts';
import type { Ending } from '../../src/core/claimant.ts';
import { listTasks } from '../../src/core/list-tasks.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { readTask } from '../../src/core/read-task.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import { Settler } from '../../src/core/settle.ts';
import { timeIndexPartition, indexSort, shardOf, taskKey } from '../../src/aws/keys.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { KEY, startDynamodb } from '../local/embedded-servers.ts';

const T0 = Date.UTC(2026, 0, 1);

/** Rows of a version that is yet to be written, as far as anyone can guess. */
const ROWS: readonly (readonly [string, Record<string, unknown>, object])[] = [
  [
    'much like ours',
    { state: 'RUNNING', createdAt: T0, attempt: 2, maxAttempts: 3, program: { command: 'true' }, lane: 'x' },
    { state: 'RUNNING', attempt: 2, maxAttempts: 3, command: 'true', createdAt: '2026-01-01T00:00:00.000Z' },
  ],
  [
    'of other types',
    {
      state: 'SUSPENDED',
      createdAt: '2026-01-01',
      attempt: 'two',
      maxAttempts: null,
      program: { wasm: 'x' },
      result: '{not json',
      startedAt: 9e15,
      reason: 'bored',
      progress: 40,
      stdout: ['a'],
    },
    { state: 'PENDING', attempt: 0, createdAt: '1970-01-01T00:00:00.000Z' },
  ],
  ['of which nothing is understood', {}, { state: 'PENDING' }],
];

describe.each(ROWS)('a row of a newer version that is %s', (name, fields, shown) => {
  const id = `newer-${name.length}`;

  async function store(): Promise<Ending> {
    const { url } = await startDynamodb();
    const clients = makeAwsClients({ dynamodb: url, region: 'us-east-1', key: KEY });
    onTestFinished(() => clients.close());
    await provisionTable(clients, 'millrace');
    const { ports: memory } = makeMemoryPorts();
    const { tasks, batches, ledgers } = makeAwsPorts(clients, 'millrace', memory.log);
    const ports = { ...memory, tasks, batches, ledgers };
    const index = { gq: timeIndexPartition('default', shardOf(id)), gt: indexSort(T0, id) };
    const item = toItem({ ...taskKey(id), ...index, queue: 'default', hash: 'h', v: 9, ...fields });
    await clients.dynamodb.send(new PutItemCommand({ TableName: 'millrace', Item: item }));
    return { ports, definition: DEFAULT_QUEUE, settler: new Settler(ports, 'default', 90_000) };
  }

  test('is shown with what is understood of it', async () => {
    const { ports } = await store();
    expect(await readTask(ports, id)).toMatchObject({ id, queue: 'default', newerVersion: 9, ...shown });
    const view = await readTask(ports, id);
    for (const field of ['result', 'reason', 'progress', 'startedAt', 'stdout', 'lane'])
      expect(view).not.toHaveProperty(field);
  });

  test('is in lists', async () => {
    const { ports } = await store();
    const { tasks } = await listTasks(ports, DEFAULT_QUEUE, { limit: 10, newestFirst: true });
    expect(tasks).toMatchObject([{ id, newerVersion: 9 }]);
  });

  test('is neither cancelled, redriven nor judged, and callers are told why', async () => {
    const ending = await store();
    const { ports } = ending;
    for (const act of [cancelTask, redriveTask])
      await expect(act(ending, id)).rejects.toMatchObject({ code: 'wrong_state', got: 'version 9' });
    const body = JSON.stringify({ id, at: T0, hash: 'h', content: { task: { command: 'true' } } });
    const letter = { messageId: 'm', receipt: 'r', body, version: '1', sentAt: T0, tenant: undefined };
    const young = { ...letter, sentAt: ports.clock() };
    expect(await judgeDeadLetter(ending, young)).toBe('stay');
    expect(await judgeDeadLetter(ending, { ...letter, sentAt: ports.clock() - 8 * 86_400_000 })).toBe(
      'delete', // its copy is out
    );
    expect(await ports.messages.main('default').receive(10, 0)).toMatchObject([{ version: '1' }]);
  });
});
