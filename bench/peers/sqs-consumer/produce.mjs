/**
 * `produce.mjs bulk|trickle KIND FILE [PERIOD_MS]`. In bulk: messages in batches of ten, eight requests at a time.
 * `SendMessageBatch` may refuse single messages: then this fails, since a careful user would have to send them again.
 */
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { produce, readPayloads } from './tasks.mjs';

const PARALLEL = 8;
const [how, kind, file, period = '0'] = process.argv.slice(2);
const QueueUrl = process.env.BENCH_QUEUE_URL;
const sqs = new SQSClient();

async function bulk(payloads) {
  let next = 0;
  const lane = async () => {
    while (next < payloads.length) {
      const from = next;
      next += 10;
      const Entries = payloads
        .slice(from, next)
        .map((payload, index) => ({ Id: String(index), MessageBody: String(payload) }));
      const { Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      if (Failed?.length > 0) throw new Error(JSON.stringify(Failed));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

await produce(how, readPayloads(kind, file), Number(period), {
  bulk,
  one: (payload) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: String(payload) })),
});
