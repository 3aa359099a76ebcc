import { createHash, randomUUID } from 'node:crypto';
import type { Log, MessageQueue, Ports } from '../core/ports.ts';
import { queueSettings } from '../core/table-definition.ts';
import { findQueueUrl, type AwsClients } from './aws-clients.ts';
import type { Table } from './dynamo.ts';
import { makeBatchStore } from './dynamo-batch-store.ts';
import { makeTableCatalog } from './dynamo-catalog.ts';
import { makeLedgerStore } from './dynamo-ledger-store.ts';
import { makeQueueStore } from './dynamo-queue-store.ts';
import { makeTaskStore } from './dynamo-task-store.ts';
import { makeMessageQueue } from './sqs-message-queue.ts';

export const DEFAULT_TABLE_NAME = 'millrace';

/** Every port of the core, on SQS and DynamoDB. */
export function makeAwsPorts(clients: AwsClients, tableName: string, log: Log): Ports {
  const table: Table = { client: clients.dynamodb, name: tableName };
  const clock = () => Date.now();
  const queues = new Map<string, MessageQueue>();
  const open = (name: string): MessageQueue => {
    let queue = queues.get(name);
    if (!queue) {
      queue = makeMessageQueue(clients, () => findQueueUrl(clients.client, name));
      queues.set(name, queue);
    }
    return queue;
  };
  return {
    tasks: makeTaskStore(table),
    ledgers: makeLedgerStore(table),
    batches: makeBatchStore(table),
    queues: makeQueueStore(table),
    catalog: makeTableCatalog(table, clock),
    messages: {
      main: (name) => open(sqsNames(name).name),
      dead: (name) => open(sqsNames(name).deadName),
    },
    clock,
    random: () => Math.random(),
    newId: () => randomUUID(),
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 40),
    log,
  };
}

function sqsNames(queue: string) {
  return queueSettings({ name: queue, leaseSeconds: 0 });
}
