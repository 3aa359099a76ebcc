/**
 * `produce.mjs bulk|trickle command FILE [PERIOD_MS]`: lines to `amqp-publish`, a message each. What amqp-consume runs
 * is a shell that reads the message; so the message itself marks the first start of those of a producer, and each end, in
 * files of BENCH_FOLDER, with what the shell does without another process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { produce, readPayloads } from '../node/tasks.mjs';

const [how, kind, file, period = '0'] = process.argv.slice(2);
const { BENCH_AMQP_URL: url, BENCH_AMQP_QUEUE: queue } = process.env;
const args = ['--url', url, '--routing-key', queue, '--line-buffered'];
const publisher = spawn('amqp-publish', args, { stdio: ['pipe', 'inherit', 'inherit'] });
const ended = once(publisher, 'exit');
const first = `$BENCH_FOLDER/first-${process.pid}`;
const toLine = (command) => `[ -e ${first} ] || : >${first}; ${command}; echo >>$BENCH_FOLDER/ends\n`;

async function finish() {
  publisher.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`amqp-publish exited ${code}`);
}

await produce(how, readPayloads(kind, file), Number(period), {
  bulk: async (payloads) => {
    publisher.stdin.write(payloads.map(toLine).join(''));
    await finish(); // it ends when the server has closed the channel, so has taken all
  },
  one: async (payload) => publisher.stdin.write(toLine(payload)),
});
if (how !== 'bulk') await finish();
