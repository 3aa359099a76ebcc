import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CallLedger, countCalls } from './call-ledger.ts';
import { DYNAMODB, makeJsonService, SQS, type JsonService } from './json-service.ts';
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
  readonly dynamodbJson: JsonService;
  /** Of all of them. */
  readonly calls: CallLedger;
  close(): void;
}

export function makeAwsClients(target: AwsTarget): AwsClients {
  const common = {
    ...(target.region !== undefined && { region: target.region }),
    ...(target.key !== undefined && {
      credentials: { accessKeyId: target.key, secretAccessKey: target.key },
    }),
  };
  const requestHandler = {
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
    httpAgent: { maxSockets: 64 },
    httpsAgent: { maxSockets: 64 },
  };
  const client = new SQSClient({
    ...common,
    ...(target.sqs !== undefined && { endpoint: target.sqs, useQueueUrlAsEndpoint: false }),
    md5: false, // the transport checks the bytes already
    requestHandler,
  });
  const dynamodb = new DynamoDBClient({
    ...common,
    ...(target.dynamodb !== undefined && { endpoint: target.dynamodb }),
    requestHandler,
  });
  const calls = new CallLedger();
  countCalls(client, calls);
  countCalls(dynamodb, calls);
  const json = makeJsonService(client, SQS, REQUEST_TIMEOUT_MS, calls);
  const dynamodbJson = makeJsonService(dynamodb, DYNAMODB, REQUEST_TIMEOUT_MS, calls);
  return {
    client,
    json,
    dynamodb,
    dynamodbJson,
    calls,
    close() {
      client.destroy();
      json.close();
      dynamodb.destroy();
      dynamodbJson.close();
    },
  };
}

/** Asks SQS for the address of a queue. */
export async function findQueueUrl(client: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`SQS has no queue ${name}`);
  return QueueUrl;
}
