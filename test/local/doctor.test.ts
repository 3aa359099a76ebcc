import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteQueueCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findQueueUrl } from '../../src/aws/aws-services.ts';
import { DEFAULT_TABLE_NAME } from '../../src/aws/make-aws-ports.ts';
import { toItem } from '../../src/aws/dynamo.ts';
import { ledgerKey, taskKey } from '../../src/aws/keys.ts';
import type { DoctorReport } from '../../src/cli/doctor/doctor-report.ts';
import { enqueueChunk } from '../../src/core/enqueue-batch.ts';
import { NO_TOTALS } from '../../src/core/ledger-row.ts';
import { rowBirth } from '../../src/core/new-row.ts';
import { Settler } from '../../src/core/settle.ts';
import { workOff } from '../fakes/memory-worker.ts';
import { CliUnderTest } from '../cli/millrace-process.ts';
import { endAll } from '../support/processes.ts';
import { startInstallation, type Installation } from './installation.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The command itself, over sockets, on the servers of a local stack that is spoiled by the SDK. */
describe('millrace doctor', { timeout: 120_000 }, () => {
  let cli: CliUnderTest;

  beforeEach(async () => {
    cli = await CliUnderTest.make();
  });
  afterEach(async () => {
    await endAll();
    await cli.remove();
  });

  async function doctor({ url }: Installation, ...args: string[]) {
    cli.url = url;
    const { code, stdout, stderr } = await cli.run(['doctor', '--json', ...args]);
    expect(stderr).toBe('');
    const report = JSON.parse(stdout) as DoctorReport;
    const codesOf = (queue: string | undefined) =>
      report.checks
        .filter((check) => check.queue === queue && check.severity !== 'ok')
        .map((check) => check.code);
    return { code, report, codesOf };
  }

  async function run(installation: Installation, queue: string, batch: string, count: number): Promise<void> {
    const { ports, definitions, settlerOf } = installation;
    const definition = definitions[queue];
    if (!definition) throw new Error(`expected a queue ${queue}`);
    const tasks = Array.from({ length: count }, (_, at) => ({
      line: at + 1,
      task: { command: `echo ${at}` },
    }));
    await enqueueChunk(ports, { batch, chunk: 0, queue, tasks });
    await workOff({ ports, definition, worker: 'w', settler: settlerOf(definition) });
  }

  /** A task whose row is written, and its message never was. */
  async function plantRow(
    { ports, definitions }: Installation,
    queue: string,
    id: string,
    settler?: Settler,
  ): Promise<void> {
    const definition = definitions[queue];
    if (!definition) throw new Error(`expected a queue ${queue}`);
    const at = Date.now() - HOUR;
    const birth = rowBirth(definition, { hash: 'h', at, spec: { command: 'x' } });
    if (settler) {
      const set = { ...birth, endedAt: at };
      await settler.end({ id, event: 'cancel', from: ['none'], guard: {}, set });
      return;
    }
    const set = { ...birth, token: 't', lease: at, startedAt: at, worker: 'gone' };
    await ports.tasks.change({ id, event: 'claim', guard: {}, set, raise: ['attempt'] });
  }

  test('finds what is planted, each in its queue, and nothing in the queue beside them', async () => {
    const queues = ['well', 'counts', 'sqs', 'lost', 'gone', 'odd'];
    const installation = await startInstallation(queues, version);
    const { clients, ports, urls } = installation;
    const now = Date.now();
    await run(installation, 'well', 'well', 40);

    await run(installation, 'counts', 'wrong', 20);
    const [ledger] = await ports.ledgers.list('counts');
    await clients.dynamodb.send(
      new UpdateItemCommand({
        TableName: DEFAULT_TABLE_NAME,
        Key: toItem(ledgerKey('counts', ledger?.ledger ?? '')),
        UpdateExpression: 'SET totals = :totals, batches.#batch = :totals',
        ExpressionAttributeNames: { '#batch': 'wrong' },
        ExpressionAttributeValues: toItem({ ':totals': [18, 1, 0] }),
      }),
    );

    const sqs = clients.client;
    const set = (QueueUrl: string | undefined, Attributes: Record<string, string>) =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
    await set(urls['sqs'], { VisibilityTimeout: '7', MessageRetentionPeriod: '345600', RedrivePolicy: '' });
    const dead = await findQueueUrl(clients.json, 'millrace-sqs-dead');
    await set(dead, { MessageRetentionPeriod: '60' });
    await sqs.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: 'from somewhere else' }));

    await plantRow(installation, 'lost', 'running-for-nobody');
    await plantRow(installation, 'lost', 'never-counted', new Settler(ports, 'lost', 0));

    await sqs.send(new DeleteQueueCommand({ QueueUrl: urls['gone'] }));
    await sqs.send(
      new DeleteQueueCommand({ QueueUrl: await findQueueUrl(clients.json, 'millrace-gone-dead') }),
    );

    const chunk = { batch: 'unsent', chunk: 0, queue: 'odd', hash: 'h', createdAt: now - 10 * MINUTE };
    await ports.batches.storeChunk({
      ...chunk,
      tasks: [1, 2, 3].map((line) => ({ line, task: { command: 'x' } })),
      sent: false,
    });
    await plantRow(installation, 'odd', 'from-the-future');
    await clients.dynamodb.send(
      new UpdateItemCommand({
        TableName: DEFAULT_TABLE_NAME,
        Key: toItem(taskKey('from-the-future')),
        UpdateExpression: 'SET v = :v',
        ExpressionAttributeValues: toItem({ ':v': 99 }),
      }),
    );
    const report = { worker: 'killed', slots: 8, busy: 1, held: 1, batches: {}, at: now - HOUR };
    await ports.queues.reportWorker('odd', report, Math.ceil((now + HOUR) / 1000));
    const flush = { queue: 'odd', ledger: 'idle', from: 0, seq: 1, totals: NO_TOTALS, batches: {} };
    await ports.ledgers.advance({ ...flush, at: now - 2 * HOUR });
    await ports.queues.setPaused('odd', true);
    await ports.queues.setPurgedBefore('odd', now);

    const dry = await doctor(installation, '--dry-run', 'odd');
    expect(dry.codesOf('odd')).toContain('chunks_unsent');
    expect(dry.report.dryRun).toBe(true);
    expect(await ports.messages.main('odd').counts()).toMatchObject({ visible: 0 });

    const { code, report: all, codesOf } = await doctor(installation);
    expect(code).toBe(1);
    expect(all.healthy).toBe(false);
    expect(codesOf('well')).toEqual([]);
    expect(codesOf('counts')).toEqual(['counts_differ', 'batch_counts_differ']);
    expect(codesOf('sqs')).toEqual([
      'visibility_differs',
      'retention_differs',
      'redrive_policy_differs',
      'retention_differs',
      'dead_letters',
    ]);
    expect(codesOf('lost')).toEqual(['ends_uncounted', 'tasks_without_message', 'leases_expired']);
    expect(codesOf('gone')).toEqual(['queue_missing', 'dead_letter_queue_missing']);
    expect(codesOf('odd')).toEqual([
      'chunks_sent',
      'rows_newer',
      'paused_with_backlog',
      'purge_in_effect',
      'workers_stale',
      'ledgers_not_folded',
    ]);
    expect(all.queues.find(({ queue }) => queue === 'counts')).toMatchObject({
      recorded: { succeeded: 18, failed: 1, cancelled: 0 },
      counted: { succeeded: 20, failed: 0, cancelled: 0 },
      rows: 20,
      batches: 1,
    });
    expect(all.checks.find((check) => check.code === 'rows_newer')?.examples).toEqual([
      'from-the-future (version 99)',
    ]);
    expect(await ports.messages.main('odd').counts()).toMatchObject({ visible: 3 });
    expect(all.summary.errors).toBe(all.checks.filter(({ severity }) => severity === 'error').length);

    const fixed = await doctor(installation, 'lost', '--fix');
    expect(fixed.codesOf('lost')).toEqual(['ends_settled', 'tasks_without_message', 'leases_expired']);
    expect(fixed.report.queues[0]).toMatchObject({ settled: 1, recorded: { cancelled: 1 } });

    const batch = await doctor(installation, '--batch', 'wrong');
    expect(batch.report.queues).toEqual([]);
    expect(batch.report.batches).toMatchObject([{ batch: 'wrong', total: 20, counted: { succeeded: 20 } }]);
    expect(batch.codesOf('counts')).toEqual(['batch_counts_differ']);
  });

  test('finds another version, a clock that is off, and what the API cannot reach', async () => {
    const installation = await startInstallation(['default'], '99.0.0');
    const fine = await doctor(installation);
    expect(fine.codesOf(undefined)).toEqual(['version_differs']);
    installation.clock.offMs = -HOUR;
    const off = await doctor(installation);
    expect(off.codesOf(undefined)).toEqual(['version_differs', 'clock_skew']);
    expect(off.report.checks.find((check) => check.code === 'clock_skew')?.message).toMatch(/ahead of/);
    await installation.clients.dynamodb.send(
      new PutItemCommand({
        TableName: DEFAULT_TABLE_NAME,
        Item: toItem({ pk: 'catalog', sk: 'queue#broken', definition: { name: '?' } }),
      }),
    );
    const broken = await doctor(installation);
    expect(broken.code).toBe(1);
    expect(broken.codesOf(undefined)).toContain('dependency_failing');
  });

  test('reads what somebody may read who may not send', async () => {
    const installation = await startInstallation(['default'], version);
    await run(installation, 'default', 'b', 3);
    installation.rights.isDenied = ({ method }) => method !== 'GET';
    const { code, report, codesOf } = await doctor(installation);
    expect(code).toBe(1);
    expect(codesOf('default')).toEqual(['forbidden']);
    expect(report.queues[0]).toMatchObject({ rows: 3, counted: { succeeded: 3 } });
    const dry = await doctor(installation, '--dry-run');
    expect([dry.code, dry.report.healthy]).toEqual([0, true]);
  });

  test('exits with the code of what bars its way, and still says what it could check', async () => {
    const nowhere = await cli.run(['doctor', '--json']);
    expect(nowhere.code).toBe(7);
    const report = JSON.parse(nowhere.stdout) as DoctorReport;
    expect(report.checks.map((check) => check.code)).toEqual(['ok', 'unavailable']);
    cli.env = { AWS_REGION: 'eu-west-1' };
    const unsigned = await cli.run(['doctor', '--stack', 'Millrace']);
    expect(unsigned.code).toBe(5);
    expect(unsigned.stdout).toMatch(
      /error +api +Cannot look for the stack Millrace: there are no AWS credentials/,
    );
  });

  test.each([
    ['a queue that there is not', ['doctor', 'nope'], 4],
    ['a batch that there is not', ['doctor', '--batch', 'nope'], 4],
    ['an option that there is not', ['doctor', '--repair'], 2],
  ])('refuses %s', async (_, args, code) => {
    const installation = await startInstallation(['default'], version);
    cli.url = installation.url;
    expect((await cli.run(args)).code).toBe(code);
  });
});
