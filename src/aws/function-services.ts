import type { AwsCaller } from './aws-caller.ts';
import type { AwsServices } from './aws-services.ts';
import { CallLedger } from './call-ledger.ts';
import { DYNAMODB, makeJsonService, SQS } from './json-service.ts';
import { REQUEST_TIMEOUT_MS } from './request-timeout.ts';

type Env = Readonly<Record<string, string | undefined>>;

const MAX_ATTEMPTS = 3; // as the SDK has it
const URL_SUFFIX = 'amazonaws.com';

/**
 * A function asks as its environment says, where Lambda puts region and credentials, and names nothing else: the SDK,
 * which would find the same, takes longer to load than all the rest.
 * @param service as in the names of endpoints and in signatures
 */
export function functionCaller(env: Env, service: 'dynamodb' | 'lambda' | 'sqs'): AwsCaller {
  const region = required(env, 'AWS_REGION');
  const given = env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || env['AWS_ENDPOINT_URL'];
  const suffix = env['MILLRACE_URL_SUFFIX'] || URL_SUFFIX; // China and others have their own
  const url = new URL(given || `https://${service}.${region}.${suffix}`);
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const credentials = {
    accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: required(env, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken !== undefined && { sessionToken }),
  };
  return {
    region: async () => region,
    endpoint: async () => url,
    credentials: async () => credentials,
    maxAttempts: async () => MAX_ATTEMPTS,
  };
}

/** SQS and DynamoDB, asked by a function. @throws Error for what Lambda did not set */
export function makeFunctionServices(env: Env): AwsServices {
  const calls = new CallLedger();
  const json = makeJsonService(functionCaller(env, 'sqs'), SQS, REQUEST_TIMEOUT_MS, calls);
  const dynamodb = functionCaller(env, 'dynamodb');
  const dynamodbJson = makeJsonService(dynamodb, DYNAMODB, REQUEST_TIMEOUT_MS, calls);
  return {
    json,
    dynamodbJson,
    calls,
    close() {
      json.close();
      dynamodbJson.close();
    },
  };
}

function required(env: Env, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`${name}: expected a value in the environment of this function, where Lambda puts it`);
}
