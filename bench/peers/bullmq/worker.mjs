/** `worker.mjs KIND SLOTS FOLDER`: one worker process; return values are kept in Redis, as BullMQ does. */
import { Worker } from 'bullmq';
import { makeRun } from './tasks.mjs';

const [kind, slots, folder] = process.argv.slice(2);
const run = makeRun(kind, folder);
const worker = new Worker('bench', (job) => run(job.data), {
  connection: { host: '127.0.0.1', port: Number(process.env.BENCH_REDIS_PORT), maxRetriesPerRequest: null },
  concurrency: Number(slots),
});
worker.on('error', (error) => console.error(error));
process.on('SIGTERM', () => void worker.close().then(() => process.exit(0)));
