/**
 * What the loader is held against: the messages of so many commands, made beforehand, sent to the queue `argv[2]` by
 * the SDK in SendMessageBatch of ten, `argv[4]` requests at a time. Prints the seconds that sending `argv[3]` took.
 */
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createHash } from 'node:crypto';
import { chunkEnvelope } from '../../src/core/task-content.ts';
import { toMessageBody, versionOf } from '../../src/core/envelope.ts';
import { commandNumber } from './command-lines.ts';

const CHUNK = 1000;
const ENTRIES = 10;

const [QueueUrl = '', count = '0', atOnce = '1'] = process.argv.slice(2);
const client = new SQSClient({ requestHandler: { httpAgent: { maxSockets: Number(atOnce) } } });
const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
const batch = crypto.randomUUID();
const requests: SendMessageBatchCommand[] = [];
for (let first = 0; first < Number(count); first += ENTRIES) {
  const Entries = Array.from({ length: Math.min(ENTRIES, Number(count) - first) }, (_, at) => {
    const number = first + at;
    const place = { batch, chunk: Math.floor(number / CHUNK), queue: 'default', hash: '', sent: false };
    const chunk = { ...place, createdAt: Date.now(), tasks: [] };
    const task = { command: commandNumber(number) };
    const envelope = chunkEnvelope(digest, chunk, (number % CHUNK) + 1, task);
    const StringValue = versionOf(envelope);
    return {
      Id: String(at),
      MessageBody: toMessageBody(envelope),
      MessageAttributes: { millrace: { DataType: 'String', StringValue } },
    };
  });
  requests.push(new SendMessageBatchCommand({ QueueUrl, Entries }));
}

let next = 0;
const lane = async (): Promise<void> => {
  for (let request = requests[next++]; request; request = requests[next++]) {
    const { Failed = [] } = await client.send(request);
    if (Failed.length > 0) throw new Error(`SQS did not take ${Failed.length} messages`);
  }
};
const began = performance.now();
await Promise.all(Array.from({ length: Number(atOnce) }, lane));
process.stdout.write(String((performance.now() - began) / 1000));
