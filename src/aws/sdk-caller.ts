import { ListTablesCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import type { AwsCaller } from './aws-caller.ts';

/** Tell the SDK how endpoints of these services are found. */
const ANY_COMMAND = { dynamodb: ListTablesCommand, sqs: ListQueuesCommand };

/**
 * As the SDK's client would ask: its settings, the environment, a profile or the region say where, its own chain who.
 * Nothing is sent by the client.
 */
export function sdkCaller(client: DynamoDBClient | SQSClient, service: keyof typeof ANY_COMMAND): AwsCaller {
  const { region, credentials, maxAttempts } = client.config;
  return {
    region,
    credentials,
    maxAttempts,
    async endpoint() {
      const { url } = await getEndpointFromInstructions({}, ANY_COMMAND[service], client.config as never);
      return url;
    },
  };
}
