import { beforeEach, describe, expect, it } from 'vitest';
import { startWorkers, launchWorkers } from '../../src/core/launch.ts';
import { recentlyStarted, toOrders, workersToStart, type Need } from '../../src/core/launch-plan.ts';
import type { Ports } from '../../src/core/ports.ts';
import { queueDefinitionSchema, type QueueSettings } from '../../src/core/queue-definition.ts';
import { FakeLauncher } from '../fakes/fake-launcher.ts';
import { interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';
import type { MemoryState } from '../fakes/memory-state.ts';

const queueOf = (settings: Partial<QueueSettings> = {}) =>
  queueDefinitionSchema.parse({ name: 'default', tasksPerWorker: 10, ...settings });

const NO_MESSAGES = { visible: 0, delayed: 0, inFlight: 0 };
const needOf = (need: Partial<Need>): Need => ({
  counts: NO_MESSAGES,
  newer: 0,
  sent: 0,
  running: 0,
  reports: [],
  lock: undefined,
  now: START,
  ...need,
});

describe('how many workers to start', () => {
  const visible = (visible: number) => ({ ...NO_MESSAGES, visible });
  it.each([
    ['nothing for an empty queue', {}, { counts: NO_MESSAGES }, 0],
    [
      'none for messages that they could not run',
      {},
      { counts: { ...NO_MESSAGES, inFlight: 3 }, newer: 3 },
      0,
    ],
    ['one for a task beside those', {}, { counts: { ...NO_MESSAGES, visible: 2, inFlight: 2 }, newer: 3 }, 1],
    ['one for a single task', {}, { counts: visible(1) }, 1],
    ['one for as many as a worker is started for', {}, { counts: visible(10) }, 1],
    ['one more for one task more', {}, { counts: visible(11) }, 2],
    ['no more than the most', { maxWorkers: 3 }, { counts: visible(1000) }, 3],
    ['what is missing beside those that run', {}, { counts: visible(41), running: 2 }, 3],
    ['never less than none', {}, { counts: visible(5), running: 7 }, 0],
    [
      'none above the most, service workers included',
      { maxWorkers: 2 },
      { counts: visible(99), running: 2 },
      0,
    ],
    ['none when the most is none', { maxWorkers: 0 }, { counts: visible(99) }, 0],
    [
      'one for what waits for its back-off, or was handed back',
      {},
      { counts: { ...NO_MESSAGES, inFlight: 3 } },
      1,
    ],
    ['one for what is delayed', {}, { counts: { ...NO_MESSAGES, delayed: 1 } }, 1],
    ['one for what was sent just now and is not counted yet', {}, { sent: 1 }, 1],
    ['by the larger of what is counted and what was sent', {}, { counts: visible(35), sent: 20 }, 4],
  ] satisfies [string, Partial<QueueSettings>, Partial<Need>, number][])('%s', (_, settings, need, count) => {
    expect(workersToStart(queueOf(settings), needOf(need))).toBe(count);
  });

  it('one more while all that run are full and tasks wait, but once a minute', () => {
    const report = { worker: 'a', slots: 4, busy: 4, held: 4, batches: {}, at: START };
    const stuck = needOf({ counts: { visible: 2, delayed: 0, inFlight: 4 }, running: 1, reports: [report] });
    const lock = { token: 't', mode: 'until-empty', orders: [], heldUntil: 0, before: [] } as const;
    expect(workersToStart(queueOf(), stuck)).toBe(1);
    expect(workersToStart(queueOf(), { ...stuck, lock: { ...lock, at: START - 59_000 } })).toBe(0);
    expect(workersToStart(queueOf(), { ...stuck, lock: { ...lock, at: START - 60_000 } })).toBe(1);
    expect(workersToStart(queueOf({ maxWorkers: 1 }), stuck)).toBe(0);
    expect(workersToStart(queueOf(), { ...stuck, reports: [{ ...report, busy: 3 }] })).toBe(0);
    expect(workersToStart(queueOf(), { ...stuck, running: 2 })).toBe(0);
    expect(workersToStart(queueOf(), { ...stuck, now: START + 61_000 })).toBe(0); // its report is old
  });

  it('remembers the latest hundred, for a minute: the lock is read by every worker each second', () => {
    const ids = (count: number, name: string) =>
      Array.from({ length: count }, (_, index) => `${name}${index}`);
    const lock = {
      token: 't',
      at: START,
      mode: 'until-empty',
      orders: [],
      heldUntil: 0,
      before: ids(60, 'a'),
      started: ids(60, 'b'),
    } as const;
    expect(recentlyStarted(lock, START + 59_999)).toEqual([...ids(60, 'a').slice(20), ...ids(60, 'b')]);
    expect(recentlyStarted(lock, START + 60_000)).toEqual([]);
  });

  it('orders at most ten at once, a share of them on Spot capacity', () => {
    expect(toOrders(25, 0)).toEqual([10, 10, 5].map((count) => ({ count, capacity: 'on-demand' })));
    expect(toOrders(24, 0.5)).toEqual([
      { count: 10, capacity: 'spot' },
      { count: 2, capacity: 'spot' },
      { count: 10, capacity: 'on-demand' },
      { count: 2, capacity: 'on-demand' },
    ]);
    expect(toOrders(3, 1)).toEqual([{ count: 3, capacity: 'spot' }]);
  });
});

describe('launching', () => {
  let ports: Ports;
  let state: MemoryState;
  let launcher: FakeLauncher;
  beforeEach(() => {
    ({ ports, state } = makeMemoryPorts());
    launcher = new FakeLauncher();
  });
  const send = (count: number) =>
    ports.messages.main('default').send(Array.from({ length: count }, () => ({ body: 'echo' })));
  const launch = (settings?: Partial<QueueSettings>, sent?: number) =>
    launchWorkers(ports, launcher, queueOf(settings), sent);

  it('starts what is missing in orders of ten, each under a token of its own', async () => {
    await send(125);
    expect(await launch({ maxWorkers: 50 })).toEqual({ queue: 'default', started: 13, failures: [] });
    expect(launcher.orders.map(({ count, mode }) => [count, mode])).toEqual([
      [10, 'until-empty'],
      [3, 'until-empty'],
    ]);
    const tokens = launcher.orders.map(({ clientToken }) => clientToken);
    expect(new Set(tokens).size).toBe(2);
    expect(tokens.every((token) => token.length <= 64)).toBe(true);
  });

  it('counts workers that the service does not list yet', async () => {
    await send(20);
    await launch();
    expect((await launch()).started).toBe(0);
    await send(10);
    expect((await launch()).started).toBe(1);
    state.now += 30_000;
    expect((await launch()).started).toBe(0);
  });

  it('forgets such workers after a minute: those that never came are started anew', async () => {
    await send(20);
    await launch();
    state.now += 60_000;
    expect((await launch()).started).toBe(2);
    launcher.listAll();
    state.now += 60_000;
    expect((await launch()).started).toBe(0);
  });

  it('launches nothing while the queue is paused, and goes on after it', async () => {
    await send(5);
    await ports.queues.setPaused('default', true);
    expect((await launch()).started).toBe(0);
    await ports.queues.setPaused('default', false);
    expect((await launch()).started).toBe(1);
  });

  it('launches nothing for a queue that was paused while it decided', async () => {
    await send(5);
    const running = launcher.running.bind(launcher);
    launcher.running = async (...args) => {
      await ports.queues.setPaused('default', true);
      return running(...args);
    };
    expect((await launch()).started).toBe(0);
    expect(launcher.orders).toEqual([]);
  });

  it('launches nothing by itself where no worker is allowed', async () => {
    await send(5);
    expect((await launch({ maxWorkers: 0 }, 5)).started).toBe(0);
    expect(launcher.orders).toEqual([]);
  });

  describe('two launchers', () => {
    it('at once start no worker twice', async () => {
      await send(30);
      const results = await Promise.all([launch(), launch(), launch()]);
      expect(results.map(({ started }) => started).sort()).toEqual([0, 0, 3]);
      expect(launcher.workers).toHaveLength(3);
    });

    it('start no worker twice when one is in the middle of its orders', async () => {
      await send(30);
      launcher.beforeAnswer = async () => {
        launcher.beforeAnswer = () => {};
        expect((await launch()).started).toBe(0);
      };
      expect((await launch()).started).toBe(3);
      expect(launcher.workers).toHaveLength(3);
    });
  });

  describe('lost answers', () => {
    const loseAnswer = () => {
      launcher.beforeAnswer = () => {
        launcher.beforeAnswer = () => {};
        throw new Error('timeout');
      };
    };

    it('of an order: the next run asks under the same token, and starts nothing twice', async () => {
      await send(120);
      loseAnswer();
      await expect(launch({ maxWorkers: 20 })).rejects.toThrow('timeout');
      expect(launcher.workers).toHaveLength(10);
      expect((await launch({ maxWorkers: 20 })).started).toBe(0); // the rest of the old orders were sent first
      expect(launcher.workers).toHaveLength(12);
      expect(launcher.orders[1]?.clientToken).toBe(launcher.orders[0]?.clientToken);
    });

    it('of an order that never took effect: it does then', async () => {
      await send(10);
      launcher.service = () => {
        throw new Error('connection reset');
      };
      await expect(launch()).rejects.toThrow('connection reset');
      launcher.service = () => undefined;
      await launch();
      expect(launcher.workers).toHaveLength(1);
    });

    it('of a launcher that died in the middle: its orders are held for it for a while, then finished', async () => {
      await send(10);
      loseAnswer();
      const dying = interceptPorts(ports, async ({ name, args }, run) => {
        if (name === 'queues.takeLaunchLock' && args[2] !== undefined) throw new Error('killed');
        return run();
      });
      await expect(launchWorkers(dying, launcher, queueOf())).rejects.toThrow('timeout');
      state.now += 120_000;
      expect((await launch()).started).toBe(0);
      expect(launcher.orders).toHaveLength(1);
      state.now += 31_000;
      launcher.listAll();
      await launch();
      expect(launcher.workers).toHaveLength(1);
      expect(launcher.orders[1]).toEqual(launcher.orders[0]);
    });

    it('of orders long ago are given up', async () => {
      await send(10);
      launcher.service = () => {
        throw new Error('connection reset');
      };
      await expect(launch()).rejects.toThrow('connection reset');
      state.now += 600_000;
      launcher.service = () => undefined;
      expect((await launch()).started).toBe(1);
      expect(launcher.orders[1]?.clientToken).not.toBe(launcher.orders[0]?.clientToken);
    });

    it('of the launch lock: it finds its own write, and goes on', async () => {
      await send(10);
      const retried = interceptPorts(ports, async ({ name }, run) => {
        if (name !== 'queues.takeLaunchLock') return run();
        await run();
        return run(); // as an SDK does: the second try finds the first
      });
      expect((await launchWorkers(retried, launcher, queueOf())).started).toBe(1);
      expect(state.locks.get('default')).toMatchObject({ heldUntil: 0, started: ['worker-0'] });
    });
  });

  describe('failures', () => {
    it('are reported and logged, and made up for in a later run', async () => {
      await send(50);
      launcher.service = (order) => launcher.partly(order, 2, 'RESOURCE:CPU');
      expect(await launch()).toEqual({
        queue: 'default',
        started: 2,
        failures: [{ reason: 'RESOURCE:CPU' }],
      });
      expect(state.log).toContainEqual(
        expect.objectContaining({
          level: 'warn',
          fields: expect.objectContaining({ reason: 'RESOURCE:CPU' }) as object,
        }),
      );
      launcher.service = () => undefined;
      expect((await launch()).started).toBe(3);
    });

    it('for want of Spot capacity are tried again on demand, at once', async () => {
      await send(40);
      launcher.service = (order) =>
        order.capacity === 'spot' ? launcher.partly(order, 1, 'Capacity is unavailable') : undefined;
      const result = await launch({ spotShare: 0.75 });
      expect(result).toMatchObject({ started: 4, failures: [{ reason: 'Capacity is unavailable' }] });
      expect(launcher.orders.map(({ count, capacity }) => [count, capacity])).toEqual([
        [3, 'spot'],
        [1, 'on-demand'],
        [2, 'on-demand'],
      ]);
      expect(new Set(launcher.orders.map(({ clientToken }) => clientToken)).size).toBe(3);
      expect((await launch({ spotShare: 0.75 })).started).toBe(0); // those of both rounds are remembered
    });

    it('by throttling end the round; the next run asks for what is missing', async () => {
      await send(300);
      let calls = 0;
      launcher.service = () =>
        ++calls === 2
          ? { started: [], failures: [{ reason: 'ThrottlingException' }], throttled: true }
          : undefined;
      const result = await launch({ maxWorkers: 30 });
      expect(result).toMatchObject({ started: 10, failures: [{ reason: 'ThrottlingException' }] });
      expect(launcher.orders).toHaveLength(2);
      expect((await launch({ maxWorkers: 30 })).started).toBe(20);
    });
  });

  describe('on request', () => {
    const start = (count: number, key?: string) =>
      startWorkers(ports, launcher, queueOf({ maxWorkers: 0 }), { count, mode: 'forever', key });

    it('starts exactly so many, whatever waits and whatever the most is', async () => {
      expect(await start(12)).toEqual({ queue: 'default', started: 12, failures: [] });
      expect((await start(1)).started).toBe(1);
      expect(launcher.orders.map(({ count, mode }) => [count, mode])).toEqual([
        [10, 'forever'],
        [2, 'forever'],
        [1, 'forever'],
      ]);
    });

    it('starts nothing twice under the same key', async () => {
      await start(3, 'monday');
      expect((await start(3, 'monday')).started).toBe(3);
      expect(launcher.workers).toHaveLength(3);
      await start(3, 'tuesday');
      expect(launcher.workers).toHaveLength(6);
      expect(launcher.orders.every(({ clientToken }) => clientToken.length <= 64)).toBe(true);
    });

    it('refuses while the queue is paused, or another launcher is at work', async () => {
      launcher.beforeAnswer = async () => {
        launcher.beforeAnswer = () => {};
        await expect(start(1)).rejects.toMatchObject({ code: 'unavailable' });
      };
      await start(1);
      await ports.queues.setPaused('default', true);
      await expect(start(1)).rejects.toMatchObject({ code: 'wrong_state' });
    });
  });
});
