import { makeAwsClients, type AwsClients } from '../aws/aws-clients.ts';
import type { Table } from '../aws/dynamo.ts';
import { deleteDefinition, makeTableCatalog, putDefinition } from '../aws/dynamo-catalog.ts';
import { DEFAULT_TABLE_NAME } from '../aws/make-aws-ports.ts';
import { makeTimerStore } from '../aws/dynamo-timer-store.ts';
import { makeMessageQueue } from '../aws/sqs-message-queue.ts';
import { deprovisionQueue, provisionQueue } from '../aws/provision.ts';
import { findQueueUrl } from '../aws/aws-services.ts';
import { MillraceError, unknownQueue } from '../core/errors.ts';
import type { MessageQueue } from '../core/ports.ts';
import { DEFAULT_QUEUE, type QueueDefinition } from '../core/queue-definition.ts';
import { queueNames } from '../core/table-definition.ts';
import type { TimerStore } from '../core/timer.ts';

/** The local stack whose queues are managed, and its key. */
export interface LocalTarget {
  readonly sqs: string;
  readonly dynamodb: string;
  readonly region: string;
  readonly key: string;
}

/** Makes the SQS queues of a queue, then lists it; again, with other settings, it changes them. */
export async function ensureQueue(
  clients: AwsClients,
  table: Table,
  definition: QueueDefinition,
): Promise<string> {
  const url = await provisionQueue(clients, definition);
  await putDefinition(table, definition);
  return url;
}

/** Adds a queue to a running local stack, or changes its settings. */
export async function addQueue(target: LocalTarget, definition: QueueDefinition): Promise<void> {
  await withClients(target, (clients, table) => ensureQueue(clients, table, definition));
}

/**
 * Removes a queue from a running local stack. The states of its tasks stay readable until they expire.
 * @throws MillraceError `unknown_queue`; `wrong_state` when it still has messages, unless `force`
 */
export async function removeQueue(
  target: LocalTarget,
  name: string,
  { force }: { force: boolean },
): Promise<void> {
  await withClients(target, async (clients, table) => {
    const known = await makeTableCatalog(table, () => Date.now()).list();
    if (!known.some((definition) => definition.name === name)) {
      throw unknownQueue(
        name,
        known.map((definition) => definition.name),
      );
    }
    if (name === DEFAULT_QUEUE.name) {
      throw new MillraceError('invalid_request', 'The queue `default` cannot be removed.', {
        hint: 'Purge it instead: millrace purge default',
      });
    }
    const timers = makeTimerStore(table);
    if (force) await removeTimers(timers, name);
    else {
      const url = () => findQueueUrl(clients.json, queueNames(name).name);
      await assertNothingWaits(name, timers, makeMessageQueue(clients.json, url));
    }
    await deleteDefinition(table, name);
    await deprovisionQueue(clients, name);
  });
}

/**
 * Timers are looked at first: one that is due has its message sent before it is removed, so that what is no timer any
 * more is a message by then.
 * @throws MillraceError `wrong_state` when a queue has timers or messages
 */
export async function assertNothingWaits(
  queue: string,
  timers: Pick<TimerStore, 'list'>,
  main: Pick<MessageQueue, 'counts'>,
): Promise<void> {
  if ((await timers.list(queue, '', 1)).timers.length > 0) {
    throw new MillraceError('wrong_state', `The queue ${queue} still has schedules, or delayed tasks.`, {
      expected: 'a queue with neither',
      hint: `Look: millrace schedule list ${queue}. Remove the queue with --force, and they are removed too.`,
    });
  }
  const { visible, delayed, inFlight } = await main.counts();
  if (visible + delayed + inFlight === 0) return;
  throw new MillraceError(
    'wrong_state',
    `The queue ${queue} still has ${visible + delayed + inFlight} messages.`,
    {
      expected: 'an empty queue',
      hint: 'Let its workers finish, purge it, or remove it with --force, which loses them.',
    },
  );
}

async function removeTimers(timers: TimerStore, queue: string): Promise<void> {
  for (;;) {
    const page = await timers.list(queue, '', 100);
    if (page.timers.length === 0) return;
    for (const { id, revision } of page.timers) await timers.remove(queue, id, revision);
  }
}

async function withClients<T>(
  target: LocalTarget,
  work: (clients: AwsClients, table: Table) => Promise<T>,
): Promise<T> {
  const clients = makeAwsClients(target);
  try {
    return await work(clients, {
      json: clients.dynamodbJson,
      calls: clients.calls,
      name: DEFAULT_TABLE_NAME,
    });
  } finally {
    clients.close();
  }
}
