import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { findQueueUrl } from '../../src/aws/aws-services.ts';
import { makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionQueue, provisionTable } from '../../src/aws/provision.ts';
import { parseMessage } from '../../src/core/envelope.ts';
import { refuseUnknownHandler } from '../../src/core/refuse-handler.ts';
import { readQueueProgress } from '../../src/core/progress.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { runWorker } from '../../src/worker/run-worker.ts';
import { makeFakeRunner } from '../fakes/fake-runner.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { KEY, startDynamodb, startSqs } from '../local/embedded-servers.ts';
import { BAD_MESSAGES, type BadMessage } from './bad-messages.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
/** SQS takes no message without a body. */
const SENDABLE = BAD_MESSAGES.filter(({ body }) => body !== '');

describe(`${BAD_MESSAGES.length} messages that no one can understand`, () => {
  test('are each said to be invalid, and why; their bodies are at hand', () => {
    expect(BAD_MESSAGES.length).toBeGreaterThan(150);
    for (const { why, body, version } of BAD_MESSAGES) {
      const parsed = refuseUnknownHandler(
        parseMessage({ body, version, messageId: 'm', sentAt: 1 }, { name: 'q', hasProgram: false }, digest),
        ['hello'],
      );
      expect([why, body.slice(0, 80), version, parsed.kind]).toEqual([
        why,
        body.slice(0, 80),
        version,
        'invalid',
      ]);
      if (parsed.kind !== 'invalid') continue;
      expect(parsed.detail.length).toBeGreaterThan(20);
      expect(parsed.id).toBe('m');
      expect(parsed.content).toEqual({ body });
    }
  });

  test('on a queue with a program are that program’s affair, whatever they are', () => {
    for (const { body, version } of BAD_MESSAGES) {
      if (version !== undefined) continue;
      const about = { body, version, messageId: 'm', sentAt: 1 };
      const parsed = parseMessage(about, { name: 'q', hasProgram: true }, digest);
      expect(parsed).toMatchObject({ kind: 'task', spec: { input: body } });
    }
  });

  test('end as FAILED, their bodies kept, and hold up nobody', { timeout: 120_000 }, async () => {
    const { clients, ports, send } = await startQueue();
    const ids = new Map<string, BadMessage>();
    for (const bad of SENDABLE) ids.set(await send(bad), bad);
    const good = await send({ why: 'is fine', body: 'true' });
    const { runner, programs } = makeFakeRunner();
    const [stop, force] = [new AbortController(), new AbortController()];
    const ending = setInterval(() => programs.forEach((program) => program.end()), 20);
    onTestFinished(() => clearInterval(ending));
    const result = await runWorker({
      ports,
      settler: new Settler(ports, 'default', 90_000),
      definition: DEFAULT_QUEUE,
      runner,
      worker: 'w',
      mode: 'until-empty',
      slots: 8,
      baseEnv: () => ({}),
      redactor: NOTHING_SECRET,
      graceMs: 1000,
      pollSeconds: 1,
      emptyChecks: 1,
      stop: stop.signal,
      force: force.signal,
      monotonic: () => performance.now(),
    });
    expect(result).toEqual({ why: 'empty', ran: 1 });
    expect((await ports.tasks.read(good))?.state).toBe('SUCCEEDED');
    for (const [id, { why, body }] of ids) {
      const row = await ports.tasks.read(id);
      expect([why, body.slice(0, 80), row?.state, row?.reason]).toEqual([
        why,
        body.slice(0, 80),
        'FAILED',
        'invalid',
      ]);
      expect(JSON.parse((await ports.tasks.readPayload(id)) ?? 'null')).toEqual({ body });
    }
    const progress = await readQueueProgress(ports, DEFAULT_QUEUE);
    expect(progress).toMatchObject({ succeeded: 1, failed: ids.size, pending: 0, delayed: 0, running: 0 });
    clients.close();
  });
});

/** The default queue on embedded servers, and a way to put anything into it. */
async function startQueue() {
  const [sqs, dynamodb] = [await startSqs(), await startDynamodb()];
  const clients = makeAwsClients({ sqs: sqs.url, dynamodb: dynamodb.url, region: 'us-east-1', key: KEY });
  await provisionTable(clients, 'bad');
  await provisionQueue(clients, DEFAULT_QUEUE);
  const QueueUrl = await findQueueUrl(clients.json, 'millrace-default');
  const send = async ({ body, version }: BadMessage): Promise<string> => {
    const attribute = { millrace: { DataType: 'String', StringValue: version } };
    const { MessageId } = await clients.client.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: body,
        ...(version !== undefined && { MessageAttributes: attribute }),
      }),
    );
    if (MessageId === undefined) throw new Error('SQS gave no message id');
    return MessageId;
  };
  return { clients, ports: makeAwsPorts(clients, 'bad', makeMemoryPorts().ports.log), send };
}
