import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { mustRun } from '../../install/cache-folder.ts';
import { NODE } from '../../install/node-program.ts';
import { installRabbitmq, startRabbitmq } from '../../servers/rabbitmq.ts';
import type { Peer } from '../../systems/peer.ts';
import { followMarks } from './follow-marks.ts';

/** So many consumers side by side, ended together. */
const CONSUMERS = `
trap 'kill $pids' TERM
for slot in $(seq "$1"); do
  amqp-consume --url "$BENCH_AMQP_URL" --queue "$BENCH_AMQP_QUEUE" --prefetch-count "$2" /bin/sh &
  pids="$pids $!"
done
wait
`;

/** amqp-consume on RabbitMQ: a consumer in C for each slot, which starts a command for a message and acknowledges it. */
export const amqpConsume: Peer = {
  name: 'amqp-consume',
  kinds: ['command'],
  install: async () => {
    const versions = await installRabbitmq();
    let server: ReturnType<typeof startRabbitmq> | undefined;
    return {
      versions,
      // The server takes long to start: each measurement has a queue of its own on the same one.
      openServers: async () => {
        const { url } = await (server ??= startRabbitmq());
        const queue = `bench-${randomUUID()}`;
        await mustRun('amqp-declare-queue', ['--url', url, '--queue', queue]);
        return {
          env: { BENCH_AMQP_URL: url, BENCH_AMQP_QUEUE: queue },
          close: async () => void (await mustRun('amqp-delete-queue', ['--url', url, '--queue', queue])),
        };
      },
      produce: (how, kind, file, periodMs) => ({
        program: NODE,
        args: ['produce.mjs', how, kind, file, String(periodMs)],
        cwd: import.meta.dirname,
      }),
      work: (_kind, slots, folder, tasks) => ({
        program: '/bin/sh',
        // Fetching ahead spares a short task a round trip, and keeps one behind a long one.
        args: ['-c', CONSUMERS, 'consumers', String(slots), tasks.some(({ ms }) => ms > 0) ? '1' : '10'],
        cwd: process.cwd(),
        env: { BENCH_FOLDER: folder },
      }),
      follow: followMarks,
      close: async () => (await server)?.close(),
    };
  },
};
