import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { MAX_WAIT_SECONDS } from '../core/limits.ts';
import type { SqsClients } from './sqs-message-queue.ts';

/** Where the services are; what is absent comes from the SDK's own variables and credential chain. */
export interface AwsTarget {
  readonly sqs?: string | undefined;
  readonly dynamodb?: string | undefined;
  readonly region?: string;
  /** The key of a local stack: access key and secret in one. */
  readonly key?: string;
}

/** Where the SDK's own variables say that SQS and DynamoDB are. */
export function targetFromEnv(env: Readonly<Record<string, string | undefined>>): AwsTarget {
  const all = env['AWS_ENDPOINT_URL'];
  return {
    sqs: env['AWS_ENDPOINT_URL_SQS'] || all || undefined,
    dynamodb: env['AWS_ENDPOINT_URL_DYNAMODB'] || all || undefined,
  };
}

// Short, so that a heartbeat has time for all three tries of the SDK within its lease.
const REQUEST_TIMEOUT_MS = 8000;
const CONNECTION_TIMEOUT_MS = 2000;

export interface AwsClients extends SqsClients {
  readonly dynamodb: DynamoDBClient;
  close(): void;
}

export function makeAwsClients(target: AwsTarget): AwsClients {
  const common = {
    ...(target.region !== undefined && { region: target.region }),
    ...(target.key !== undefined && {
      credentials: { accessKeyId: target.key, secretAccessKey: target.key },
    }),
  };
  const handler = (requestTimeout: number) => ({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpAgent: { maxSockets: 64 },
    httpsAgent: { maxSockets: 64 },
  });
  const sqs = (requestTimeout: number) =>
    new SQSClient({
      ...common,
      ...(target.sqs !== undefined && { endpoint: target.sqs, useQueueUrlAsEndpoint: false }),
      md5: false, // the transport checks the bytes already
      requestHandler: handler(requestTimeout),
    });
  const client = sqs(REQUEST_TIMEOUT_MS);
  const pollClient = sqs(MAX_WAIT_SECONDS * 1000 + REQUEST_TIMEOUT_MS);
  const dynamodb = new DynamoDBClient({
    ...common,
    ...(target.dynamodb !== undefined && { endpoint: target.dynamodb }),
    requestHandler: handler(REQUEST_TIMEOUT_MS),
  });
  return {
    client,
    pollClient,
    dynamodb,
    close() {
      client.destroy();
      pollClient.destroy();
      dynamodb.destroy();
    },
  };
}

/** Asks SQS for the address of a queue. */
export async function findQueueUrl(client: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`SQS has no queue ${name}`);
  return QueueUrl;
}
