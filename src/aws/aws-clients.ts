import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsServices } from './aws-services.ts';
import { CallLedger } from './call-ledger.ts';
import { DYNAMODB, makeJsonService, SQS } from './json-service.ts';
import { REQUEST_TIMEOUT_MS } from './request-timeout.ts';
import { sdkCaller } from './sdk-caller.ts';

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

const CONNECTION_TIMEOUT_MS = 2000;

/** … and the SDK's own clients, for what is rare: making tables and queues. */
export interface AwsClients extends AwsServices {
  readonly client: SQSClient;
  readonly dynamodb: DynamoDBClient;
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
  const json = makeJsonService(sdkCaller(client, 'sqs'), SQS, REQUEST_TIMEOUT_MS, calls);
  const dynamodbJson = makeJsonService(sdkCaller(dynamodb, 'dynamodb'), DYNAMODB, REQUEST_TIMEOUT_MS, calls);
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
