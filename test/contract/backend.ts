import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { makeAwsClients, type AwsTarget } from '../../src/aws/aws-clients.ts';
import { makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { deprovisionQueue, provisionQueue, provisionTable } from '../../src/aws/provision.ts';
import type { Ports } from '../../src/core/ports.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { groupChanges } from '../../src/worker/group-changes.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { startHost } from '../sim/host.ts';
import { World } from '../sim/world.ts';

/** What a contract is tested on. Names of tasks, ledgers and batches are the test's own: it makes them up. */
export interface Backend {
  readonly ports: Ports;
  /** A queue with messages of nobody else. */
  readonly queue: string;
  /** Lets so much time pass, for the backend. */
  pass(ms: number): Promise<unknown>;
  /** It keeps the index of all tasks, too. */
  readonly hasTimeIndex: boolean;
}

/** Runs a test on a backend. */
export type UseBackend = (body: (backend: Backend) => Promise<void>) => Promise<void>;

/** The ports in memory that most tests use. */
export const useFakes: UseBackend = async (body) => {
  const { ports, state } = makeMemoryPorts([queueDefinitionSchema.parse({ name: 'default' })]);
  const pass = async (ms: number) => (state.now += ms);
  await body({ ports, queue: 'default', pass, hasTimeIndex: true });
};

/** The simulator's ports, in fine weather. */
export const useSimulator: UseBackend = async (body) => {
  const world = new World(1);
  world.calmDown();
  const { process, ending } = startHost(world, 'test');
  const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  let end: { error?: Error } | undefined;
  world.time.plan(0, process, () => {
    body({ ports: ending.ports, queue: 'default', pass, hasTimeIndex: false }).then(
      () => (end = {}),
      (error: Error) => (end = { error }),
    );
  });
  await world.time.run(() => end !== undefined);
  if (!end) throw new Error('the test waits for what never comes');
  if (end.error) throw end.error;
};

/**
 * The product's adapters on servers that speak SQS and DynamoDB: a table and queues of its own, removed by `close`.
 * @param inStatements changes of tasks share requests, as in a worker
 */
export async function openAws(
  target: AwsTarget,
  { inStatements = false } = {},
): Promise<{ use: UseBackend; close: () => Promise<void> }> {
  const name = `contract-${randomUUID().slice(0, 8)}`;
  const clients = makeAwsClients(target);
  const { log } = makeMemoryPorts().ports;
  const plain = makeAwsPorts(clients, `millrace-${name}`, log, { inStatements });
  const ports = { ...plain, tasks: groupChanges(plain.tasks) };
  const made: string[] = [];
  await provisionTable(clients, `millrace-${name}`);
  return {
    use: async (body) => {
      const queue = `${name}-${made.length}`;
      made.push(queue);
      await provisionQueue(clients, queueDefinitionSchema.parse({ name: queue, leaseSeconds: 30 }));
      await body({ ports, queue, pass: (ms) => sleep(ms), hasTimeIndex: true });
    },
    close: async () => {
      for (const queue of made) await deprovisionQueue(clients, queue);
      await clients.dynamodb.send(new DeleteTableCommand({ TableName: `millrace-${name}` }));
      clients.close();
    },
  };
}

/** Indexes and counts lag: asks until the answer is this, or for 20 s. */
export async function eventually<T>(
  backend: Backend,
  ask: () => Promise<T>,
  isIt: (answer: T) => boolean,
): Promise<T> {
  for (let waited = 0; ; waited += 100) {
    const answer = await ask();
    if (isIt(answer) || waited >= 20_000) return answer;
    await backend.pass(100);
  }
}

/** A name that no other test has. */
export function anyId(): string {
  return `t-${randomUUID()}`;
}
