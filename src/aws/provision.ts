import {
  CreateTableCommand,
  DescribeTableCommand,
  ResourceInUseException,
  waitUntilTableExists,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import type { QueueDefinition } from '../core/queue-definition.ts';
import { queueNames, queueSettings, TABLE } from '../core/table-definition.ts';
import type { AwsClients } from './aws-clients.ts';
import { findQueueUrl } from './aws-services.ts';

/** Makes in an emulator what CDK makes in AWS, from the same definitions. */

export function buildCreateTable(tableName: string): CreateTableCommandInput {
  const attributes: string[] = [TABLE.partitionKey, TABLE.sortKey];
  for (const { partitionKey, sortKey } of TABLE.indexes) attributes.push(partitionKey, sortKey);
  const schema = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  return {
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
    KeySchema: schema(TABLE.partitionKey, TABLE.sortKey),
    GlobalSecondaryIndexes: TABLE.indexes.map(({ name, partitionKey, sortKey }) => ({
      IndexName: name,
      KeySchema: schema(partitionKey, sortKey),
      Projection: { ProjectionType: 'KEYS_ONLY' as const },
    })),
  };
}

/** Makes the table unless it is there. */
export async function provisionTable({ dynamodb }: AwsClients, tableName: string): Promise<void> {
  try {
    await dynamodb.send(new CreateTableCommand(buildCreateTable(tableName)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  const { Table: table } = await dynamodb.send(new DescribeTableCommand({ TableName: tableName }));
  if (table?.TableStatus !== 'ACTIVE') {
    await waitUntilTableExists(
      { client: dynamodb, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
      { TableName: tableName },
    );
  }
}

/** Makes a queue and its dead-letter queue, or brings their settings up to date. @returns the queue's URL */
export async function provisionQueue(clients: AwsClients, definition: QueueDefinition): Promise<string> {
  const settings = queueSettings(definition);
  const dead = await createQueue(clients, settings.deadName, {
    MessageRetentionPeriod: String(settings.deadRetentionSeconds),
    VisibilityTimeout: String(settings.deadVisibilitySeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.receiveWaitSeconds),
  });
  const { Attributes: about } = await clients.client.send(
    new GetQueueAttributesCommand({ QueueUrl: dead, AttributeNames: ['QueueArn'] }),
  );
  return createQueue(clients, settings.name, {
    MessageRetentionPeriod: String(settings.retentionSeconds),
    VisibilityTimeout: String(settings.visibilitySeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.receiveWaitSeconds),
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: about?.QueueArn,
      maxReceiveCount: settings.maxReceiveCount,
    }),
  });
}

export async function deprovisionQueue({ client, json }: AwsClients, name: string): Promise<void> {
  const names = queueNames(name);
  for (const queue of [names.name, names.deadName]) {
    await client.send(new DeleteQueueCommand({ QueueUrl: await findQueueUrl(json, queue) }));
  }
}

async function createQueue(
  { client, json }: AwsClients,
  QueueName: string,
  Attributes: Record<string, string>,
): Promise<string> {
  let url: string | undefined;
  try {
    url = await findQueueUrl(json, QueueName);
  } catch {
    // It is not there: made below.
  }
  if (url === undefined) {
    ({ QueueUrl: url } = await client.send(new CreateQueueCommand({ QueueName, Attributes })));
    if (url === undefined) throw new Error(`SQS made queue ${QueueName} but gave no address`);
    return url;
  }
  await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
  return url;
}
