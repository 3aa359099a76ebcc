import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startEmbeddedAws } from './embedded-aws-process.ts';
import { makeSqsClient, startSqs } from './embedded-servers.ts';
import { attributesOf, createQueue, receive } from './sqs-requests.ts';
import { makeTempDir } from './temp-dir.ts';

describe('after a kill -9 and a start on other ports, SQS', () => {
  it('still has queues, messages, delays, and messages in flight with their handles and deadlines', async () => {
    const dataDir = makeTempDir();
    const first = await startEmbeddedAws(dataDir);
    let client = makeSqsClient(first.sqs);
    await createQueue(client, 'dead');
    const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead', maxReceiveCount: 2 };
    const oldUrl = await createQueue(client, 'q', {
      RedrivePolicy: JSON.stringify(policy),
      VisibilityTimeout: '77',
    });
    const attribute = { DataType: 'String', StringValue: 'x' };
    const send = (MessageBody: string, DelaySeconds = 0): Promise<unknown> =>
      client.send(
        new SendMessageCommand({
          QueueUrl: oldUrl,
          MessageBody,
          DelaySeconds,
          MessageAttributes: { attribute },
        }),
      );
    for (const body of ['deleted', 'held', 'back']) await send(body);
    const flying = await receive(client, oldUrl);
    const handles = new Map(flying.map(({ Body, ReceiptHandle }) => [Body, ReceiptHandle]));
    await send('waiting');
    await send('delayed', 900);
    await first.kill();

    const second = await startEmbeddedAws(dataDir);
    client = makeSqsClient(second.sqs);
    const url = await createQueue(client, 'q');
    expect(url).toBe(`${second.sqs}/000000000000/q`);
    expect(url).not.toBe(oldUrl);
    expect(await attributesOf(client, oldUrl)).toMatchObject({
      RedrivePolicy: JSON.stringify(policy),
      VisibilityTimeout: '77',
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '3',
      ApproximateNumberOfMessagesDelayed: '1',
    });
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handles.get('deleted') }));
    const handBack = { QueueUrl: url, ReceiptHandle: handles.get('back'), VisibilityTimeout: 0 };
    await client.send(new ChangeMessageVisibilityCommand(handBack));
    const ready = await receive(client, url, { visibilitySeconds: 0 });
    expect(ready.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual([
      ['waiting', '1'],
      ['back', '2'],
    ]);
    expect(ready[0]?.MessageAttributes).toEqual({ attribute });
    expect(await attributesOf(client, url)).toMatchObject({ ApproximateNumberOfMessagesDelayed: '1' });
    // The third receive of `back` is one more than the policy allows.
    expect((await receive(client, url)).map(({ Body }) => Body)).toEqual(['waiting']);
    expect((await receive(client, `${second.sqs}/000000000000/dead`)).map(({ Body }) => Body)).toEqual([
      'back',
    ]);
  });

  it('delivers a message when the deadline of its old receive passes', async () => {
    const dataDir = makeTempDir();
    const first = await startEmbeddedAws(dataDir);
    const url = await createQueue(makeSqsClient(first.sqs), 'q');
    await makeSqsClient(first.sqs).send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' }));
    const received = performance.now();
    expect(await receive(makeSqsClient(first.sqs), url, { visibilitySeconds: 3 })).toHaveLength(1);
    await first.kill();
    const client = makeSqsClient((await startEmbeddedAws(dataDir)).sqs);
    expect(await receive(client, url, { waitSeconds: 20 })).toHaveLength(1);
    expect(performance.now() - received).toBeGreaterThan(2_900);
  });

  it('has every message that it acknowledged while it was killed', async () => {
    const dataDir = makeTempDir();
    const first = await startEmbeddedAws(dataDir);
    const client = makeSqsClient(first.sqs);
    const url = await createQueue(client, 'q');
    const acknowledged: string[] = [];
    const sendUntilKilled = async (sender: number): Promise<void> => {
      for (let batch = 0; ; batch += 1) {
        const Entries = Array.from({ length: 10 }, (_, n) => ({
          Id: `${n}`,
          MessageBody: `${sender}-${batch}-${n}`,
        }));
        await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
        acknowledged.push(...Entries.map(({ MessageBody }) => MessageBody));
        if (acknowledged.length > 1_500) void first.kill();
      }
    };
    const ends = await Promise.allSettled([0, 1, 2, 3].map(sendUntilKilled));
    expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));

    const server = await startSqs({ dataDir: join(dataDir, 'sqs') });
    const again = makeSqsClient(server.url);
    const found = new Set<string | undefined>();
    for (let got = await receive(again, url); got.length > 0; got = await receive(again, url)) {
      for (const { Body } of got) found.add(Body);
    }
    expect(acknowledged.filter((body) => !found.has(body))).toEqual([]);
  });
});
