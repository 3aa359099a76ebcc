/** `produce.mjs bulk|trickle KIND FILE [PERIOD_MS]` */
import { Queue } from 'bullmq';
import { produce, readPayloads } from './tasks.mjs';

const [how, kind, file, period = '0'] = process.argv.slice(2);
const queue = new Queue('bench', {
  connection: { host: '127.0.0.1', port: Number(process.env.BENCH_REDIS_PORT) },
});
await queue.waitUntilReady();
const toJob = (data) => ({ name: kind, data });
await produce(how, readPayloads(kind, file), Number(period), {
  bulk: async (payloads) => {
    for (let from = 0; from < payloads.length; from += 1000)
      await queue.addBulk(payloads.slice(from, from + 1000).map(toJob));
  },
  one: (payload) => queue.add(kind, payload),
});
await queue.close();
