import { afterEach, expect, test } from 'vitest';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { startVirtualWorker, type VirtualWorker } from '../fakes/virtual-worker.ts';

let current: VirtualWorker | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

const start = (...args: Parameters<typeof startVirtualWorker>): VirtualWorker =>
  (current = startVirtualWorker(...args));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.each([60, 6])(
  'a worker whose tasks have become long lets go of what it prefetched, once, with leases of %i s',
  async (leaseSeconds) => {
    const definition = { ...DEFAULT_QUEUE, leaseSeconds };
    const worker = start({ slots: 1, definition }, undefined, definition);
    const { ports, programs, pass } = worker;
    const enqueue = (n: number) => enqueueTask(ports, definition, { command: `${n}` });
    for (let n = 0; n < 6; n += 1) {
      await enqueue(n);
      await pass(100);
      programs.at(-1)?.end();
      await pass(1);
    }
    for (let n = 6; n < 12; n += 1) await enqueue(n);
    await pass(200);
    expect(programs).toHaveLength(7); // short ones until now, this one does not end
    await pass(120_000);
    const waiting = (worker.state.messages.get('default') ?? []).filter(({ body }) => !body.includes('"6"'));
    expect(waiting.map(({ visibleAt }) => visibleAt <= Date.now())).toEqual([true, true, true, true, true]);
    expect(Math.max(...waiting.map(({ receives }) => receives))).toBeLessThanOrEqual(2);
  },
);

test('a claim whose answer took as long as its lease starts no program', async () => {
  const definition = { ...DEFAULT_QUEUE, leaseSeconds: 6 };
  let isSlow = true;
  const { ports, state, programs, pass } = start(
    { definition },
    async (call, run) => {
      const answer = await run();
      const isClaim = call.name === 'tasks.change' && (call.args[0] as { event: string }).event === 'claim';
      if (isClaim && isSlow) {
        isSlow = false;
        await sleep(6000);
      }
      return answer;
    },
    definition,
  );
  const { row } = await enqueueTask(ports, definition, { command: 'true' });
  await pass(5000);
  expect(programs).toHaveLength(0);
  await pass(3000);
  expect(programs.map(({ start }) => start.env['MILLRACE_ATTEMPT'])).toEqual(['2']);
  expect(state.tasks.get(row.id)).toMatchObject({ state: 'RUNNING', attempt: 2, failures: 0 });
});

test('an attempt that cannot be started is left to its lease, and the worker goes on', async () => {
  let isBroken = true;
  const baseEnv = () => {
    if (!isBroken) return {};
    isBroken = false;
    throw new Error('no environment');
  };
  const { ports, state, programs, pass } = start({ slots: 1, baseEnv });
  const first = await enqueueTask(ports, DEFAULT_QUEUE, { command: 'a' });
  await pass(200);
  const second = await enqueueTask(ports, DEFAULT_QUEUE, { command: 'b' });
  await pass(1000);
  expect(programs.map(({ start }) => start.env['MILLRACE_TASK_ID'])).toEqual([second.row.id]);
  programs[0]?.end();
  await pass(120_000);
  expect(programs[1]?.start.env['MILLRACE_TASK_ID']).toBe(first.row.id);
  expect(state.tasks.get(first.row.id)).toMatchObject({ attempt: 2, failures: 1 });
});

test('the last end is counted soon: nothing that would share its ledger write is to come', async () => {
  const counts: string[] = [];
  const { ports, programs, pass } = start({ slots: 1 }, (call, run) => {
    if (call.name === 'ledgers.advance') counts.push(call.name);
    return run();
  });
  await enqueueTask(ports, DEFAULT_QUEUE, { command: 'true' });
  await pass(200);
  programs[0]?.end();
  await pass(50);
  expect(counts).toHaveLength(1);
});

test('a message that came at the end of a long poll waits in line like any other', async () => {
  const prefetch = { size: 2, ahead: 0, freed: () => {} };
  const { ports, state, pass } = start({ slots: 1, prefetch });
  await pass(10_450);
  for (const command of ['a', 'b', 'c']) await enqueueTask(ports, DEFAULT_QUEUE, { command });
  await pass(1000);
  const messages = state.messages.get('default') ?? [];
  expect(messages.map(({ visibleAt }) => visibleAt > Date.now())).toEqual([true, true, true]);
});
