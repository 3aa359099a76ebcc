import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { makeTimerStore } from '../../src/aws/dynamo-timer-store.ts';
import { makeEventBridgeScheduler } from '../../src/aws/eventbridge-scheduler.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import type { TimerStore } from '../../src/core/timer.ts';
import { ANY_PORT } from '../../src/local/choose-port.ts';
import { startEmbeddedDynamodb } from '../../src/local/embedded-dynamodb.ts';
import { makeTimerScheduler } from '../../src/local/timer-scheduler.ts';
import { FakeEventBridge } from '../fakes/fake-eventbridge.ts';
import { makeMemoryTimers } from '../fakes/memory-timers.ts';
import { KEY } from '../local/embedded-servers.ts';
import { schedulerContract } from './scheduler.contract.ts';
import { timerStoreContract } from './timer-store.contract.ts';

const now = () => 1_800_000_000_000;

describe('in memory', () => {
  const timers = makeMemoryTimers(new Map());
  timerStoreContract(() => timers);
  schedulerContract(() => makeTimerScheduler(timers, now));
});

describe('embedded', () => {
  let store: TimerStore;
  const stops: (() => Promise<void> | void)[] = [];
  beforeAll(async () => {
    const dynamodb = await startEmbeddedDynamodb({ port: ANY_PORT, dataDir: null, key: KEY });
    stops.push(() => dynamodb.close());
    const clients = makeAwsClients({ dynamodb: dynamodb.url, region: 'us-east-1', key: KEY });
    stops.push(() => clients.close());
    await provisionTable(clients, 'timers');
    store = makeTimerStore({ json: clients.dynamodbJson, calls: clients.calls, name: 'timers' });
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });
  timerStoreContract(() => store);
  schedulerContract(() => makeTimerScheduler(store, now));
});

describe('EventBridge Scheduler', () => {
  const { client } = new FakeEventBridge(now);
  const config = { group: 'g', roleArn: 'role', deadLetterArn: 'dead' };
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  schedulerContract(() =>
    makeEventBridgeScheduler(client, config, async (queue) => `https://queue.example/${queue}`, digest),
  );
});
