/**
 * What `aws sqs send-message --queue-url … --message-body BODY` does, for machines without it:
 *
 *   node send.ts QUEUE BODY…
 */
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import process from 'node:process';

const [queue, ...bodies] = process.argv.slice(2);
const sqs = new SQSClient(); // `millrace env` has told the environment where, and with which key
const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
for (const MessageBody of bodies) {
  const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  process.stdout.write(`${MessageId}\n`);
}
