import { describe, expect, onTestFinished, test } from 'vitest';
import type { CallLedger } from '../../src/aws/call-ledger.ts';
import { type CallCount } from '../../src/aws/call-ledger.ts';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { DEFAULT_TABLE_NAME, makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionQueue, provisionTable } from '../../src/aws/provision.ts';
import { enqueueChunk } from '../../src/core/enqueue-batch.ts';
import { settleGraceMs } from '../../src/core/limits.ts';
import { readBatchProgress } from '../../src/core/progress.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { groupChanges } from '../../src/worker/group-changes.ts';
import { NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { runWorker } from '../../src/worker/run-worker.ts';
import type { ProgramRunner } from '../../src/worker/spawner/program-runner.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { KEY, startDynamodb, startSqs } from '../local/embedded-servers.ts';

const TASKS = 1000;
const SQS = ['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch', 'SendMessageBatch'];

/** Ends every program at once. */
const RUNNER: ProgramRunner = {
  pid: 0,
  close: async () => {},
  run: () => ({
    started: Promise.resolve(),
    done: Promise.resolve({ exitCode: 0, stdout: '', stderr: '', durationMs: 0 }),
    progress: async () => undefined,
    kill: () => {},
  }),
};

/** What a batch of short tasks costs at full load, by what loads it and by the worker that runs it, or finds it purged. */
async function runBatch(
  inStatements: boolean,
  isPurged = false,
): Promise<{ loader: CallLedger; worker: CallLedger }> {
  const [sqs, dynamodb] = [await startSqs(), await startDynamodb()];
  const open = () => {
    const clients = makeAwsClients({ sqs: sqs.url, dynamodb: dynamodb.url, region: 'us-east-1', key: KEY });
    onTestFinished(() => clients.close());
    const { log } = makeMemoryPorts().ports;
    return { clients, ports: makeAwsPorts(clients, DEFAULT_TABLE_NAME, log, { inStatements }) };
  };
  const [setUp, loader, worker] = [open(), open(), open()];
  await provisionTable(setUp.clients, DEFAULT_TABLE_NAME);
  await provisionQueue(setUp.clients, DEFAULT_QUEUE);

  const tasks = Array.from({ length: TASKS }, (_, n) => ({
    line: n + 1,
    task: { command: `echo task ${n}` },
  }));
  await enqueueChunk(loader.ports, { batch: 'b', chunk: 0, queue: DEFAULT_QUEUE.name, tasks });
  if (isPurged) await setUp.ports.queues.setPurgedBefore(DEFAULT_QUEUE.name, Date.now() + 1000);

  const ports = { ...worker.ports, tasks: groupChanges(worker.ports.tasks) };
  const never = new AbortController().signal;
  const { ran } = await runWorker({
    ports,
    settler: new Settler(ports, DEFAULT_QUEUE.name, settleGraceMs(DEFAULT_QUEUE.leaseSeconds * 1000)),
    definition: DEFAULT_QUEUE,
    runner: RUNNER,
    worker: 'w',
    mode: 'until-empty',
    slots: 16,
    baseEnv: () => ({}),
    redactor: NOTHING_SECRET,
    graceMs: 1000,
    pollSeconds: 1,
    emptyChecks: 1,
    stop: never,
    force: never,
    monotonic: () => performance.now(),
  });
  expect(ran).toBe(isPurged ? 0 : TASKS);
  const ends = isPurged ? { cancelled: TASKS } : { succeeded: TASKS };
  expect(await readBatchProgress(setUp.ports, 'b')).toMatchObject({ total: TASKS, ...ends });
  return { loader: loader.clients.calls, worker: worker.clients.calls };
}

/** Sums over operations, each task. */
function perTask(calls: CallLedger, what: keyof CallCount, isIn: (operation: string) => boolean): number {
  const counts = Object.entries(calls.toJSON()).filter(([operation]) => isIn(operation));
  return counts.reduce((sum, [, count]) => sum + count[what], 0) / TASKS;
}

describe('a batch of short tasks, at full load', () => {
  test.each([
    ['single writes', false, 2.4],
    ['statements', true, 0.6],
  ])('stays within its budget of requests and write units, with %s', async (_how, inStatements, most) => {
    const { loader, worker } = await runBatch(inStatements);
    const isSqs = (operation: string) => SQS.includes(operation);
    const units = perTask(loader, 'writeUnits', () => true) + perTask(worker, 'writeUnits', () => true);
    const sqs = perTask(loader, 'requests', isSqs) + perTask(worker, 'requests', isSqs);
    const dynamodb = perTask(worker, 'requests', (operation) => !isSqs(operation));
    expect(units, 'write units').toBeLessThanOrEqual(3.3);
    expect(units, 'write units: a row, its index entry and its end cost three').toBeGreaterThan(3);
    expect(sqs, 'SQS requests').toBeLessThanOrEqual(0.35);
    expect(dynamodb, 'DynamoDB requests').toBeLessThanOrEqual(most);
  });

  test('costs less when it is purged: a write for each task, which many share a request for', async () => {
    const { worker } = await runBatch(true, true);
    const isSqs = (operation: string) => SQS.includes(operation);
    expect(perTask(worker, 'requests', (operation) => !isSqs(operation))).toBeLessThanOrEqual(0.4);
    expect(perTask(worker, 'requests', isSqs), 'full receives and deletes').toBeLessThanOrEqual(0.35);
    expect(perTask(worker, 'writeUnits', () => true)).toBeLessThanOrEqual(2.3);
  });
});
