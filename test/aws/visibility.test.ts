import type { ChangeMessageVisibilityBatchCommandInput } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import type { JsonService } from '../../src/aws/json-service.ts';
import { makeMessageQueue } from '../../src/aws/sqs-message-queue.ts';
import { createQueue } from '../local/sqs-requests.ts';
import { KEY, makeSqsClient, startSqs } from '../local/embedded-servers.ts';

test('asks for no visibility that SQS refuses: whole seconds, none below 0, none above 12 hours', async () => {
  const { url } = await startSqs();
  const queueUrl = await createQueue(makeSqsClient(url), 'q', { VisibilityTimeout: '60' });
  const clients = makeAwsClients({ sqs: url, region: 'us-east-1', key: KEY });
  const asked: (number | undefined)[] = [];
  const json: JsonService = {
    ...clients.json,
    call: (operation, input, options) => {
      if (operation === 'ChangeMessageVisibilityBatch') {
        const { Entries = [] } = input as ChangeMessageVisibilityBatchCommandInput;
        asked.push(...Entries.map(({ VisibilityTimeout }) => VisibilityTimeout));
      }
      return clients.json.call(operation, input, options);
    },
  };
  const queue = makeMessageQueue(json, () => Promise.resolve(queueUrl));
  await queue.send([{ body: 'long' }, { body: 'short' }, { body: 'now' }]);
  const seconds: Record<string, number> = { long: 1e9, short: 0.2, now: -3 };
  for (let held = 0; held < 3;) {
    const received = await queue.receive(10, 0);
    held += received.length;
    const entries = received.map(({ receipt, body }) => ({ receipt, seconds: seconds[body] ?? 0 }));
    await queue.setVisibility(entries);
  }
  expect(asked.sort()).toEqual([0, 1, 43_200]);
  expect((await queue.receive(10, 0)).map(({ body }) => body)).toEqual(['now']);
  clients.close();
});
