/**
 * `worker.mjs KIND SLOTS FOLDER`: what a careful user writes around sqs-consumer. A task's row is made by the claim,
 * which fails while another lease on it lives; its end is recorded on condition that the claim is still ours; then
 * sqs-consumer deletes the message. BENCH_STYLE: `batch`, one consumer whose handler runs a whole batch at once;
 * `consumers`, one for each slot.
 */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { makeRun } from './tasks.mjs';

const LEASE_SECONDS = 60;
const [kind, slots, folder] = process.argv.slice(2);
const { BENCH_TABLE: TableName, BENCH_QUEUE_URL: queueUrl, BENCH_STYLE: style } = process.env;
const run = makeRun(kind, folder);
const dynamodb = new DynamoDBClient();
const sqs = new SQSClient();

async function handle(message) {
  const Key = { id: { S: message.MessageId } };
  const token = randomUUID();
  const now = Date.now();
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression:
          'SET #state = :running, attempt = if_not_exists(attempt, :none) + :one, #token = :token, lease = :lease, startedAt = :now',
        ConditionExpression: 'attribute_not_exists(id) OR (#state = :running AND lease < :now)',
        ExpressionAttributeNames: { '#state': 'state', '#token': 'token' },
        ExpressionAttributeValues: {
          ':running': { S: 'RUNNING' },
          ':none': { N: '0' },
          ':one': { N: '1' },
          ':token': { S: token },
          ':lease': { N: String(now + LEASE_SECONDS * 1000) },
          ':now': { N: String(now) },
        },
      }),
    );
  } catch (error) {
    if (error.name !== 'ConditionalCheckFailedException') throw error;
    return undefined; // somebody else's
  }
  const result = await run(kind === 'command' ? message.Body : Number(message.Body));
  await dynamodb.send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'SET #state = :ended, #result = :result, endedAt = :now',
      ConditionExpression: '#state = :running AND #token = :token',
      ExpressionAttributeNames: { '#state': 'state', '#token': 'token', '#result': 'result' },
      ExpressionAttributeValues: {
        ':running': { S: 'RUNNING' },
        ':ended': { S: kind === 'command' && result.exitCode !== 0 ? 'FAILED' : 'SUCCEEDED' },
        ':token': { S: token },
        ':result': { S: JSON.stringify(result) },
        ':now': { N: String(Date.now()) },
      },
    }),
  );
  return message;
}

const common = { queueUrl, sqs, visibilityTimeout: LEASE_SECONDS, heartbeatInterval: LEASE_SECONDS / 3 };
const consumers =
  style === 'batch'
    ? [
        Consumer.create({
          ...common,
          batchSize: Math.min(Number(slots), 10),
          handleMessageBatch: async (messages) => (await Promise.all(messages.map(handle))).filter(Boolean),
        }),
      ]
    : Array.from({ length: Number(slots) }, () => Consumer.create({ ...common, handleMessage: handle }));
for (const consumer of consumers) {
  for (const event of ['error', 'processing_error']) consumer.on(event, (error) => console.error(error));
  consumer.start();
}
process.on('SIGTERM', () => process.exit(0));
