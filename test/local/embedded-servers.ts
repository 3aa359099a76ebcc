import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { ANY_PORT, type PortWish } from '../../src/local/choose-port.ts';
import { startEmbeddedDynamodb } from '../../src/local/embedded-dynamodb.ts';
import { startEmbeddedSqs } from '../../src/local/embedded-sqs.ts';
import type { RunningServer } from '../../src/local/guarded-server.ts';

export const KEY = 'k3y'.repeat(14) + 'K';

interface Options {
  readonly port?: PortWish;
  readonly dataDir?: string | null;
}

/** SQS of the test's own, closed when the test ends. */
export async function startSqs({ port = ANY_PORT, dataDir = null }: Options = {}): Promise<RunningServer> {
  const server = await startEmbeddedSqs({ port, dataDir, key: KEY });
  onTestFinished(() => server.close());
  return server;
}

/** DynamoDB of the test's own, closed when the test ends. */
export async function startDynamodb({
  port = ANY_PORT,
  dataDir = null,
}: Options = {}): Promise<RunningServer> {
  const server = await startEmbeddedDynamodb({ port, dataDir, key: KEY });
  onTestFinished(() => server.close());
  return server;
}

function clientConfig(endpoint: string, accessKeyId: string, region: string) {
  return { endpoint, region, credentials: { accessKeyId, secretAccessKey: 'unused' }, maxAttempts: 1 };
}

/** An SDK client, destroyed when the test ends. */
export function makeSqsClient(url: string, accessKeyId = KEY, region = 'us-east-1'): SQSClient {
  const client = new SQSClient(clientConfig(url, accessKeyId, region));
  onTestFinished(() => client.destroy());
  return client;
}

/** An SDK client, destroyed when the test ends. */
export function makeDynamodbClient(url: string, accessKeyId = KEY): DynamoDBClient {
  const client = new DynamoDBClient(clientConfig(url, accessKeyId, 'us-east-1'));
  onTestFinished(() => client.destroy());
  return client;
}
