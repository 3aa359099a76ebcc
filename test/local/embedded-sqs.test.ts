import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { startEmbeddedAws } from './embedded-aws-process.ts';
import { KEY, makeSqsClient, startSqs } from './embedded-servers.ts';
import { countMessages, createQueue, receive } from './sqs-requests.ts';
import { makeTempDir } from './temp-dir.ts';

describe.each(['memory', 'file'] as const)('embedded SQS, kept in %s', (kept) => {
  async function start(): Promise<{ client: SQSClient; url: string }> {
    const server = await startSqs({ dataDir: kept === 'file' ? makeTempDir() : null });
    const client = makeSqsClient(server.url);
    return { client, url: await createQueue(client) };
  }

  it('keeps message attributes, and takes a MessageGroupId on a standard queue', async () => {
    const { client, url } = await start();
    const attribute = { DataType: 'String', StringValue: 'x' };
    await client.send(
      new SendMessageCommand({
        QueueUrl: url,
        MessageBody: 'a',
        MessageGroupId: 't',
        MessageAttributes: { attribute },
      }),
    );
    const [message] = await receive(client, url);
    expect(message?.MessageAttributes).toEqual({ attribute });
    expect(message?.Attributes?.ApproximateReceiveCount).toBe('1');
  });

  it('takes bodies of 1 MiB, and no more', async () => {
    const { client, url } = await start();
    const body = 'x'.repeat(1024 * 1024);
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    const [message] = await receive(client, url);
    expect(message?.Body).toBe(body);
    const tooLong = client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: `${body}x` }));
    await expect(tooLong).rejects.toThrow(/1048576/);
  });

  it('takes all of Unicode that SQS takes', async () => {
    const { client, url } = await start();
    const body = 'echo "\u{1F600} grüße\t\u{10FFFF}"';
    const entries = [{ Id: '1', MessageBody: body }];
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    expect((await receive(client, url)).map(({ Body }) => Body)).toEqual([body, body]);
    const control = client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a\u0001' }));
    await expect(control).rejects.toThrow(/Invalid characters/);
  });

  it('counts what is visible, in flight and delayed', async () => {
    const { client, url } = await start();
    for (const [body, delay] of [
      ['a', 0],
      ['b', 0],
      ['c', 900],
    ] as const) {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, DelaySeconds: delay }));
    }
    expect(await countMessages(client, url)).toEqual([2, 0, 1]);
    const [message] = await receive(client, url);
    expect(await countMessages(client, url)).toEqual([0, 2, 1]);
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));
    expect(await countMessages(client, url)).toEqual([0, 1, 1]);
  });

  it('delivers a delayed message to a long poll when its time has come', async () => {
    const { client, url } = await start();
    const sentAt = performance.now();
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a', DelaySeconds: 1 }));
    expect(await receive(client, url)).toEqual([]);
    expect(await receive(client, url, { waitSeconds: 20 })).toHaveLength(1);
    expect(performance.now() - sentAt).toBeGreaterThan(900);
  });

  it('delivers a message that was handed back at once, with its receives counted', async () => {
    const { client, url } = await start();
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    const [first] = await receive(client, url);
    const handBack = { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 };
    await client.send(new ChangeMessageVisibilityCommand(handBack));
    const [second] = await receive(client, url);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe('2');
  });

  it('moves a message to the dead-letter queue after maxReceiveCount receives', async () => {
    const { client, url: deadUrl } = await start();
    const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:q', maxReceiveCount: 1 };
    const url = await createQueue(client, 'source', { RedrivePolicy: JSON.stringify(policy) });
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    expect(await receive(client, url, { visibilitySeconds: 0 })).toHaveLength(1);
    expect(await receive(client, url, { visibilitySeconds: 0 })).toHaveLength(0);
    expect((await receive(client, deadUrl)).map(({ Body }) => Body)).toEqual(['a']);
  });

  it('knows a queue by its name from every region, and gives URLs of loopback', async () => {
    const { client, url } = await start();
    const server = new URL(url).origin;
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    const elsewhere = makeSqsClient(server, KEY, 'eu-central-1');
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/q$/);
    expect(await createQueue(elsewhere)).toBe(url);
    expect((await elsewhere.send(new GetQueueUrlCommand({ QueueName: 'q' }))).QueueUrl).toBe(url);
    expect(await receive(elsewhere, 'https://sqs.eu-central-1.amazonaws.com/000000000000/q')).toHaveLength(1);
    await elsewhere.send(new DeleteQueueCommand({ QueueUrl: url }));
    expect((await client.send(new ListQueuesCommand({}))).QueueUrls ?? []).toEqual([]);
  });

  it('gives nothing to a long poll whose client has gone', async () => {
    const { client, url } = await start();
    const gone = await openLongPoll(client, url);
    const other = await openLongPoll(client, url);
    gone.request.destroy();
    await expect(gone.answer).rejects.toThrow();
    await letServerRead(client, url);
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    expect(await other.answer).toMatch(/"Body":"a"/);
  });

  it('answers long polls promptly when it closes', async () => {
    const server = await startSqs({ dataDir: kept === 'file' ? makeTempDir() : null });
    const client = makeSqsClient(server.url);
    const poll = await openLongPoll(client, await createQueue(client));
    const began = performance.now();
    await server.close();
    expect(await poll.answer).toBe('{}');
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('the data folder of embedded SQS', () => {
  it('is left alone in memory', async () => {
    const cwd = makeTempDir();
    vi.spyOn(process, 'cwd').mockReturnValue(cwd);
    const client = makeSqsClient((await startSqs()).url);
    await client.send(new SendMessageCommand({ QueueUrl: await createQueue(client), MessageBody: 'a' }));
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('belongs to one server at a time', async () => {
    const dataDir = makeTempDir();
    const first = await startSqs({ dataDir });
    await expect(startSqs({ dataDir })).rejects.toThrow(
      /fauxqs\.db to be free, but another process holds it/,
    );
    await first.close();
    const client = makeSqsClient((await startSqs({ dataDir })).url);
    expect(await createQueue(client)).toMatch(/q$/);
  });

  it('belongs to one process at a time', async () => {
    const dataDir = makeTempDir();
    const other = await startEmbeddedAws(dataDir);
    const start = (): Promise<unknown> => startSqs({ dataDir: join(dataDir, 'sqs') });
    await expect(start()).rejects.toThrow(/fauxqs\.db to be free, but another process holds it/);
    await other.kill();
    await start();
  });

  it('is let go when the port cannot be had', async () => {
    const dataDir = makeTempDir();
    const { port } = await startSqs();
    await expect(startSqs({ dataDir, port: { explicit: port, setBy: '--sqs-port' } })).rejects.toThrow(
      /--sqs-port/,
    );
    await startSqs({ dataDir });
  });
});

interface LongPoll {
  readonly request: ClientRequest;
  readonly answer: Promise<string>;
}

/** A receive that waits 20 s, on a connection of its own; returns once the server has begun to wait. */
async function openLongPoll(client: SQSClient, url: string): Promise<LongPoll> {
  const sent = request(new URL(url).origin, {
    method: 'POST',
    agent: false,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${KEY}/20260101/us-east-1/sqs/aws4_request`,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.ReceiveMessage',
    },
  });
  const answer = once(sent, 'response').then(([response]) => text(response as IncomingMessage));
  answer.catch(() => undefined);
  sent.end(JSON.stringify({ QueueUrl: url, WaitTimeSeconds: 20, VisibilityTimeout: 60 }));
  await once(sent, 'finish');
  await letServerRead(client, url);
  return { request: sent, answer };
}

/** What was written to, or closed on, any connection before is dealt with when later requests are answered. */
async function letServerRead(client: SQSClient, url: string): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await countMessages(client, url);
}
