import type { AwsCaller } from './aws-caller.ts';
import type { AwsServices } from './aws-services.ts';
import { CallLedger } from './call-ledger.ts';
import { DYNAMODB, makeJsonService, SQS } from './json-service.ts';
import { REQUEST_TIMEOUT_MS } from './request-timeout.ts';
import type { Credentials } from './sign-post.ts';

const MAX_ATTEMPTS = 3; // as the SDK has it

/** Who asks, and where, as whoever starts the process has stated it. */
export interface Stated {
  readonly url: URL;
  readonly region: string;
  readonly credentials: Credentials;
}

export function statedCaller({ url, region, credentials }: Stated): AwsCaller {
  return {
    region: async () => region,
    endpoint: async () => url,
    credentials: async () => credentials,
    maxAttempts: async () => MAX_ATTEMPTS,
  };
}

/** SQS and DynamoDB without the SDK, which takes longer to load than all the rest, and a good part of the memory. */
export function makeStatedServices(of: { readonly sqs: Stated; readonly dynamodb: Stated }): AwsServices {
  const calls = new CallLedger();
  const json = makeJsonService(statedCaller(of.sqs), SQS, REQUEST_TIMEOUT_MS, calls);
  const dynamodbJson = makeJsonService(statedCaller(of.dynamodb), DYNAMODB, REQUEST_TIMEOUT_MS, calls);
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
