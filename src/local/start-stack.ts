import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { makeApi } from '../api/app.ts';
import { makeHealth } from '../api/health.ts';
import { makeAwsClients } from '../aws/aws-clients.ts';
import { makeInspector } from '../aws/inspect.ts';
import { makeTimerStore } from '../aws/dynamo-timer-store.ts';
import { DEFAULT_TABLE_NAME, makeAwsPorts } from '../aws/make-aws-ports.ts';
import { provisionTable } from '../aws/provision.ts';
import type { Log } from '../core/ports.ts';
import { DEFAULT_QUEUE } from '../core/queue-definition.ts';
import { makeSettlers } from '../core/settlers.ts';
import { startEmbeddedDynamodb } from './embedded-dynamodb.ts';
import { startEmbeddedSqs } from './embedded-sqs.ts';
import { startGuardedServer } from './guarded-server.ts';
import { lockDataDir } from './lock-data-dir.ts';
import { ensureQueue } from './manage-queues.ts';
import { portWishes, rememberPorts, type WantedPorts } from './remembered-ports.ts';
import { ensureDataDir, ensureKey } from './stack-key.ts';
import { removeStackFile, writeStackFile, type Stack } from './stack-file.ts';
import { makeTimerScheduler } from './timer-scheduler.ts';
import { startUpkeep } from './upkeep.ts';

export const LOCAL_REGION = 'us-east-1';

export interface StackOptions {
  /** Holds key, announcement and, unless `memory`, queues and tasks. */
  readonly dataDir: string;
  readonly memory: boolean;
  readonly ports: WantedPorts;
  readonly version: string;
  readonly log: Log;
}

export interface RunningStack {
  readonly stack: Stack;
  readonly key: string;
  /** URLs of the SQS queues by the name of the queue. */
  readonly queueUrls: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Starts a whole installation in this process, on loopback: SQS, DynamoDB, the API, the dead-letter poller, the
 * minute run and the scheduler. Announces itself in the data folder.
 * @throws Error when the folder or a port is in use; nothing is left running then
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const { dataDir, memory, log } = options;
  await ensureDataDir(dataDir);
  const lock = await lockDataDir(dataDir);
  const closers: (() => Promise<void> | void)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const key = await ensureKey(dataDir);
    const wishes = await portWishes(dataDir, options.ports);
    const sqs = await startEmbeddedSqs({
      port: wishes.sqs,
      dataDir: memory ? null : join(dataDir, 'sqs'),
      key,
    });
    closers.push(() => sqs.close());
    const dynamodb = await startEmbeddedDynamodb({
      port: wishes.dynamodb,
      dataDir: memory ? null : join(dataDir, 'dynamodb'),
      key,
    });
    closers.push(() => dynamodb.close());

    const clients = makeAwsClients({ sqs: sqs.url, dynamodb: dynamodb.url, region: LOCAL_REGION, key });
    closers.push(() => clients.close());
    await provisionTable(clients, DEFAULT_TABLE_NAME);
    const table = { json: clients.dynamodbJson, calls: clients.calls, name: DEFAULT_TABLE_NAME };
    const timers = makeTimerStore(table);
    const plainPorts = makeAwsPorts(clients, DEFAULT_TABLE_NAME, log);
    const ports = { ...plainPorts, scheduler: makeTimerScheduler(timers, plainPorts.clock) };
    const definitions = await ports.catalog.list();
    const queueUrls: Record<string, string> = {};
    for (const definition of definitions.length > 0 ? definitions : [DEFAULT_QUEUE]) {
      queueUrls[definition.name] = await ensureQueue(clients, table, definition);
    }

    const settlers = makeSettlers(ports);
    const upkeep = startUpkeep(ports, settlers, timers);
    closers.push(() => upkeep.close());
    const app = makeApi({
      ports,
      inspector: makeInspector(clients, DEFAULT_TABLE_NAME),
      settlerOf: settlers,
      sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }).then(undefined, () => {}),
      compressedBytes: (text) => deflateRawSync(text).length,
      health: makeHealth(ports),
      version: options.version,
    });
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    const api = await startGuardedServer({ server, port: wishes.api, key, scheme: 'basic' });
    closers.push(() => api.close());

    const url = new URL(api.url);
    [url.username, url.password] = ['millrace', key];
    const stack: Stack = {
      pid: process.pid,
      startedAt: new Date(ports.clock()).toISOString(),
      api: url.href.replace(/\/$/, ''),
      sqs: sqs.url,
      dynamodb: dynamodb.url,
      region: LOCAL_REGION,
      ports: { api: api.port, sqs: sqs.port, dynamodb: dynamodb.port },
      memory,
    };
    await rememberPorts(dataDir, stack.ports);
    await writeStackFile(dataDir, stack);
    closers.push(() => removeStackFile(dataDir, stack));
    return { stack, key, queueUrls, close };
  } catch (error) {
    await close();
    throw error;
  }
}
