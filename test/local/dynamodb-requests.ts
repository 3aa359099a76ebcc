import {
  CreateTableCommand,
  QueryCommand,
  UpdateItemCommand,
  waitUntilTableExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';

/** A table like Millrace's: one sparse index that holds keys only. Returns once it can be used. */
export async function createTable(client: DynamoDBClient): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: 'tasks',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'queue'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-queue',
          KeySchema: [{ AttributeName: 'queue', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01 }, { TableName: 'tasks' });
}

/** Writes an item that must not exist yet. */
export function putOnce(id: string): UpdateItemCommand {
  return new UpdateItemCommand({
    TableName: 'tasks',
    Key: { pk: { S: id } },
    UpdateExpression: 'SET #queue = :queue',
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ExpressionAttributeNames: { '#queue': 'queue' },
    ExpressionAttributeValues: { ':queue': { S: 'q' } },
  });
}

/** The keys of all items in the index. */
export async function queryIndex(client: DynamoDBClient): Promise<Set<string | undefined>> {
  const command = new QueryCommand({
    TableName: 'tasks',
    IndexName: 'by-queue',
    KeyConditionExpression: '#queue = :queue',
    ExpressionAttributeNames: { '#queue': 'queue' },
    ExpressionAttributeValues: { ':queue': { S: 'q' } },
  });
  return new Set((await client.send(command)).Items?.map((item) => item['pk']?.S));
}
