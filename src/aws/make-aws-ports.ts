import { createHash, randomUUID } from 'node:crypto';
import type { Log, MessageQueue, Ports, QueueCatalog } from '../core/ports.ts';
import { DEFAULT_QUEUE_PREFIX, queueNames } from '../core/table-definition.ts';
import { findQueueUrl, type AwsClients } from './aws-clients.ts';
import type { BusyTable } from './dynamo.ts';
import { makeBatchStore } from './dynamo-batch-store.ts';
import { makeTableCatalog } from './dynamo-catalog.ts';
import { makeLedgerStore } from './dynamo-ledger-store.ts';
import { makeQueueStore } from './dynamo-queue-store.ts';
import { makeTaskStore } from './dynamo-task-store.ts';
import { makeWorkflowStore } from './dynamo-workflow-store.ts';
import { makeMessageQueue } from './sqs-message-queue.ts';
import { makeStatements } from './statements.ts';

export const DEFAULT_TABLE_NAME = 'millrace';

/** Where a deployed stack differs from a local one. */
export interface DeployedNames {
  /** Absent: the queues are those in the table. */
  readonly catalog?: QueueCatalog | undefined;
  readonly queuePrefix?: string | undefined;
}

/** What a process asks of AWS in a way of its own. */
export interface AwsPortsOptions extends DeployedNames {
  /** It changes many tasks at a time: several share a request, where there are such requests. */
  readonly inStatements?: boolean;
}

/** Every port of the core, on SQS and DynamoDB. */
export function makeAwsPorts(
  clients: AwsClients,
  tableName: string,
  log: Log,
  { catalog, queuePrefix = DEFAULT_QUEUE_PREFIX, inStatements = false }: AwsPortsOptions = {},
): Ports {
  const { dynamodb: client, dynamodbJson: json, calls } = clients;
  const table: BusyTable = { client, json, calls, name: tableName };
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
    tasks: makeTaskStore(table, inStatements ? makeStatements(table, log) : undefined),
    ledgers: makeLedgerStore(table),
    batches: makeBatchStore(table),
    workflows: makeWorkflowStore(table),
    queues: makeQueueStore(table),
    catalog: catalog ?? makeTableCatalog(table, clock),
    messages: {
      main: (name) => open(queueNames(name, queuePrefix).name),
      dead: (name) => open(queueNames(name, queuePrefix).deadName),
    },
    clock,
    random: () => Math.random(),
    newId: () => randomUUID(),
    digest: (text) => createHash('sha256').update(text).digest('hex').slice(0, 40),
    log,
  };
}
