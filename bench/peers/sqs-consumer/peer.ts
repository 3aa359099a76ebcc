import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LocalStack } from '../../../test/support/local-stack.ts';
import { installNodeProgram, NODE } from '../../install/node-program.ts';
import type { Peer } from '../../systems/peer.ts';

/** sqs-consumer on the same durable local stack as Millrace, in either of the two ways to run many at once. */
const inStyle = (style: 'batch' | 'consumers', name: string, roundsOf?: Peer['roundsOf']): Peer => ({
  name,
  kinds: ['command', 'handler'],
  share: 0.1,
  ...(roundsOf && { roundsOf }),
  install: async () => {
    const cwd = await installNodeProgram('sqs-consumer');
    const manifest = readFileSync(join(cwd, 'node_modules/sqs-consumer/package.json'), 'utf8');
    const env = { BENCH_STYLE: style };
    return {
      versions: { 'sqs-consumer': (JSON.parse(manifest) as { version: string }).version },
      openServers: openStack,
      produce: (how, kind, file, periodMs) => ({
        program: NODE,
        args: ['produce.mjs', how, kind, file, String(periodMs)],
        cwd,
        env,
      }),
      work: (kind, slots, folder) => ({
        program: NODE,
        args: ['worker.mjs', kind, String(slots), folder],
        cwd,
        env,
      }),
    };
  },
});

export const sqsConsumers = inStyle('consumers', 'sqs-consumer');
/** A batch waits for its slowest task: one round of the mix tells that, and takes half a minute. */
export const sqsConsumerBatch = inStyle('batch', 'sqs-consumer, batches', {
  'mix-handlers': 1,
  'mix-commands': 0,
  pickup: 0,
  bulk: 0,
});

/** A local stack with a queue and a table of the peer's own. */
async function openStack(): Promise<{ env: Record<string, string>; close(): Promise<void> }> {
  const stack = await LocalStack.start();
  try {
    const { sqs, dynamodb, api } = stack.ready;
    const key = new URL(api).password;
    const credentials = { accessKeyId: key, secretAccessKey: key };
    const region = 'us-east-1';
    const queues = new SQSClient({ endpoint: sqs, region, credentials });
    const tables = new DynamoDBClient({ endpoint: dynamodb, region, credentials });
    const { QueueUrl } = await queues.send(new CreateQueueCommand({ QueueName: 'bench' }));
    await tables.send(
      new CreateTableCommand({
        TableName: 'bench',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    queues.destroy();
    tables.destroy();
    return {
      env: {
        AWS_ENDPOINT_URL_SQS: sqs,
        AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: key,
        AWS_SECRET_ACCESS_KEY: key,
        BENCH_TABLE: 'bench',
        BENCH_QUEUE_URL: QueueUrl ?? '',
      },
      close: () => stack.remove(),
    };
  } catch (error) {
    await stack.remove();
    throw error;
  }
}
