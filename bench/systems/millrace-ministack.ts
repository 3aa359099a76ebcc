import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { makeAwsClients, type AwsClients } from '../../src/aws/aws-clients.ts';
import { putDefinition } from '../../src/aws/dynamo-catalog.ts';
import { DEFAULT_TABLE_NAME, makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionQueue, provisionTable } from '../../src/aws/provision.ts';
import { enqueueChunk } from '../../src/core/enqueue-batch.ts';
import { MAX_CHUNK_TASKS } from '../../src/core/limits.ts';
import type { Log, Ports } from '../../src/core/ports.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { cleanEnv } from '../../test/support/local-stack.ts';
import { REGION, startMinistack } from '../../test/support/ministack.ts';
import type { Kind, Task } from '../workload.ts';
import { startMillraceWorker, STATEMENTS } from './millrace-worker.ts';
import type { Session, System } from './system.ts';

const ROOT_KEY = 'test'; // MiniStack's, which may do all
const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Millrace's worker against MiniStack, which knows batched statements as DynamoDB does. Only the worker is Millrace's
 * there: the queue is filled by its core, without an API.
 */
export function millraceOnMinistack(name: string, statements: 'single' | 'batch'): System {
  return {
    name,
    kinds: ['command', 'handler'],
    open: async () => {
      const aws = await startMinistack();
      const clients = makeAwsClients({
        sqs: aws.endpoint,
        dynamodb: aws.endpoint,
        region: REGION,
        key: ROOT_KEY,
      });
      const close = async (): Promise<void> => {
        clients.close();
        await aws.stop();
      };
      try {
        await provision(clients);
      } catch (error) {
        await close();
        throw error;
      }
      const env = {
        ...cleanEnv(''),
        AWS_ENDPOINT_URL: aws.endpoint,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: ROOT_KEY,
        AWS_SECRET_ACCESS_KEY: ROOT_KEY,
        [STATEMENTS]: statements,
      };
      return openSession(makeAwsPorts(clients, DEFAULT_TABLE_NAME, SILENT), env, close);
    },
  };
}

async function provision(clients: AwsClients): Promise<void> {
  await provisionTable(clients, DEFAULT_TABLE_NAME);
  await provisionQueue(clients, DEFAULT_QUEUE);
  const table = { json: clients.dynamodbJson, calls: clients.calls, name: DEFAULT_TABLE_NAME };
  await putDefinition(table, DEFAULT_QUEUE);
}

function openSession(ports: Ports, env: NodeJS.ProcessEnv, close: () => Promise<void>): Session {
  return {
    enqueue: async (kind, tasks) => {
      const begin = performance.now();
      await enqueueAll(ports, kind, tasks);
      return performance.now() - begin;
    },
    trickle: () => Promise.reject(new Error('only a filled queue is measured on MiniStack')),
    startWorker: async (_kind, slots, _tasks, until) =>
      startMillraceWorker({
        cwd: process.cwd(),
        env,
        slots,
        until,
        readRows: () => Promise.reject(new Error('only the worker’s CPU is measured on MiniStack')),
      }),
    close,
  };
}

async function enqueueAll(ports: Ports, kind: Kind, tasks: readonly Task[]): Promise<void> {
  const batch = randomUUID();
  for (let chunk = 0; chunk * MAX_CHUNK_TASKS < tasks.length; chunk += 1) {
    const part = tasks.slice(chunk * MAX_CHUNK_TASKS, (chunk + 1) * MAX_CHUNK_TASKS);
    const specs = part.map(({ command, ms }, index) => ({
      line: index + 1,
      task: kind === 'command' ? { command } : { handler: 'nap', args: { ms } },
    }));
    await enqueueChunk(ports, { batch, chunk, queue: DEFAULT_QUEUE.name, tasks: specs });
  }
}
