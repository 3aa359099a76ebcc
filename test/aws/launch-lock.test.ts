import { describe, expect, it, onTestFinished } from 'vitest';
import { makeQueueStore } from '../../src/aws/dynamo-queue-store.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import type { LaunchLock, QueueStore } from '../../src/core/ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { KEY, startDynamodb } from '../local/embedded-servers.ts';

const LOCK: LaunchLock = {
  token: 'a',
  at: 1000,
  mode: 'until-empty',
  orders: [{ count: 3, capacity: 'spot' }],
  heldUntil: 2000,
  before: [],
};
const OVER: LaunchLock = { ...LOCK, heldUntil: 0, started: ['one', 'two'] };

const STORES: [string, () => Promise<QueueStore>][] = [
  ['in memory', async () => makeMemoryPorts().ports.queues],
  [
    'in DynamoDB',
    async () => {
      const { url } = await startDynamodb();
      const clients = makeAwsClients({ dynamodb: url, region: 'us-east-1', key: KEY });
      await provisionTable(clients, 'millrace');
      onTestFinished(() => clients.close());
      return makeQueueStore({ json: clients.dynamodbJson, calls: clients.calls, name: 'millrace' });
    },
  ],
];

/** One suite for the fake and the real store: what is proven with the fake must hold for the other. */
describe.each(STORES)('the launch lock %s', (_, open) => {
  it('is taken once by all who have read the same', async () => {
    const store = await open();
    expect(await store.readLaunchLock('default')).toBeUndefined();
    const tokens = ['a', 'b', 'c'];
    const taken = await Promise.all(
      tokens.map((token) => store.takeLaunchLock('default', { ...LOCK, token }, undefined)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await store.readLaunchLock('default')).toEqual({ ...LOCK, token: tokens[taken.indexOf(true)] });
    expect(await store.readLaunchLock('other')).toBeUndefined();
  });

  it('passes on when it is as it was read, and not when somebody has gone on with it', async () => {
    const store = await open();
    await store.takeLaunchLock('default', LOCK, undefined);
    const later = { ...LOCK, heldUntil: 3000 };
    expect(await store.takeLaunchLock('default', later, LOCK)).toBe(true);
    expect(await store.takeLaunchLock('default', OVER, LOCK)).toBe(false);
    expect(await store.takeLaunchLock('default', OVER, { ...later, token: 'b' })).toBe(false);
    expect(await store.takeLaunchLock('default', OVER, later)).toBe(true);
    expect(await store.readLaunchLock('default')).toEqual(OVER);
    expect(await store.takeLaunchLock('default', { ...LOCK, token: 'b' }, OVER)).toBe(true);
  });

  it('is not taken while the queue is paused, but may be closed then', async () => {
    const store = await open();
    await store.setPaused('default', true);
    expect(await store.takeLaunchLock('default', LOCK, undefined)).toBe(false);
    await store.setPaused('default', false);
    expect(await store.takeLaunchLock('default', LOCK, undefined)).toBe(true);
    await store.setPaused('default', true);
    expect(await store.takeLaunchLock('default', { ...LOCK, heldUntil: 4000 }, LOCK)).toBe(false);
    expect(await store.takeLaunchLock('default', OVER, LOCK)).toBe(true);
    expect((await store.readControl('default')).paused).toBe(true);
  });
});
