import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../../src/core/ports.ts';
import { BATCH_ENTRIES } from '../../src/core/limits.ts';
import { request } from './requests.ts';
import type { SimProcess } from './sim-process.ts';
import type { SimQueue } from './sim-queue.ts';

const SEND_TRIES = 5;

/** A queue of SQS as one process has it: batched by 10, as src/aws/sqs-message-queue.ts does. */
export function makeSimQueuePort(process: SimProcess, queue: SimQueue): MessageQueue {
  return {
    async send(messages) {
      for (const group of inTens(messages)) await sendGroup(process, queue, group);
    },
    receive: (max, waitSeconds, signal, visibilitySeconds) =>
      receive(process, queue, { max, waitSeconds, signal, visibilitySeconds }),
    async delete(receipts) {
      for (const group of inTens(receipts)) {
        await request(
          process,
          'delete',
          () => group.forEach((receipt) => queue.delete(receipt)),
          () => group.join(' '),
        );
      }
    },
    async setVisibility(entries) {
      for (const group of inTens(entries)) {
        await request(
          process,
          'visibility',
          () => group.forEach(({ receipt, seconds }) => queue.setVisibility(receipt, seconds)),
          () => group.map(({ receipt, seconds }) => `${receipt} ${seconds.toFixed(1)} s`).join(', '),
        );
      }
    },
    counts: () => request(process, 'counts', () => queue.counts()),
  };
}

/** Entries may fail each on its own, and are sent again. */
async function sendGroup(
  process: SimProcess,
  queue: SimQueue,
  group: readonly OutgoingMessage[],
): Promise<void> {
  let left = group;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    if (attempt > SEND_TRIES) throw new Error(`send: ${left.length} messages failed`);
    const entries = left;
    left = await request(
      process,
      `send to ${queue.name}`,
      () => entries.filter((message) => (queue.isFailing() ? true : void queue.accept(message))),
      () => entries.map(({ body }) => body.slice(0, 60)).join(' | '),
    );
  }
}

function receive(
  process: SimProcess,
  queue: SimQueue,
  poll: {
    max: number;
    waitSeconds: number;
    signal: AbortSignal | undefined;
    visibilitySeconds: number | undefined;
  },
): Promise<readonly ReceivedMessage[]> {
  const { time } = process.world;
  return new Promise((resolve, reject) => {
    poll.signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    request(process, 'receive', () => queue.poll(process, poll)).then(
      // The poll ends in SQS's context; its process hears of it in its own.
      (messages) => void time.plan(time.now + 1, process, () => resolve(messages)),
      reject,
    );
  });
}

function inTens<T>(list: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < list.length; at += BATCH_ENTRIES) groups.push(list.slice(at, at + BATCH_ENTRIES));
  return groups;
}
