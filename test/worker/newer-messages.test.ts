import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NEWEST_VERSION } from '../../src/core/envelope.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { launchWorkers } from '../../src/core/launch.ts';
import { leftForNewer } from '../../src/core/newer-messages.ts';
import { NewerRowError } from '../../src/core/newer-row.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { FakeLauncher } from '../fakes/fake-launcher.ts';
import type { Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { runVirtualWorker, useVirtualTime, virtualPorts } from '../fakes/virtual-worker.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Messages and rows that a worker is too old for. */
let memory = makeMemoryPorts();
const ends: (() => Promise<void>)[] = [];
beforeEach(() => {
  useVirtualTime();
  memory = makeMemoryPorts();
  memory.state.now = Date.now();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  vi.useRealTimers();
});

const messages = () => memory.state.messages.get('default') ?? [];
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const sendNewer = (count: number) =>
  memory.ports.messages
    .main('default')
    .send(Array.from({ length: count }, (_, n) => ({ body: `{"id":"n${n}"}`, version: '7' })));

function drain(worker = 'w1', intercept?: Intercept) {
  const running = runVirtualWorker(virtualPorts(memory, intercept), { worker, mode: 'until-empty' });
  ends.push(running.end);
  let why: string | undefined;
  void running.result.then((result) => (why = result.why));
  return { ...running, why: () => why };
}

test('a drain worker runs what it can, leaves what only newer ones can run, and goes', async () => {
  await sendNewer(3);
  await enqueueTask(virtualPorts(memory), DEFAULT_QUEUE, { command: 'true' });
  const worker = drain();
  await pass(1000);
  worker.programs[0]?.end();
  await pass(20_000);
  expect([worker.why(), worker.programs.length]).toEqual(['empty', 1]);
  expect(messages().map(({ version }) => version)).toEqual(['7', '7', '7']);
  expect(memory.state.tasks.size).toBe(1);
  expect(memory.state.log).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      message: 'leaving messages to workers of a newer version of Millrace',
      fields: { messages: 3 },
    }),
  );
});

test('it stays while a task of another worker may come back', async () => {
  await sendNewer(1);
  await enqueueTask(virtualPorts(memory), DEFAULT_QUEUE, { command: 'true' });
  await memory.ports.messages.main('default').receive(10, 0); // somebody else's, in flight, and not looked at
  const worker = drain();
  await pass(30_000);
  expect(worker.why()).toBeUndefined();
  await pass(40_000); // their visibility is over
  worker.programs[0]?.end();
  await pass(20_000);
  expect(worker.why()).toBe('empty');
});

test('two that have left some each know of the other’s, and go', async () => {
  await sendNewer(14);
  const workers = [drain('w1'), drain('w2')];
  await pass(40_000);
  expect(workers.map((worker) => worker.why())).toEqual(['empty', 'empty']);
  expect(messages()).toHaveLength(14);
});

test('a message is left for as long as it has waited, 30 s to 15 min, and is copied after a week', async () => {
  await sendNewer(1);
  const running = runVirtualWorker(virtualPorts(memory), { mode: 'forever' });
  ends.push(running.end);
  const waits: number[] = [];
  for (const ageMs of [0, 5 * MINUTE_MS, DAY_MS]) {
    Object.assign(messages()[0] ?? {}, { sentAt: Date.now() - ageMs, visibleAt: 0 });
    await pass(1000);
    waits.push(Math.round(((messages()[0]?.visibleAt ?? 0) - Date.now()) / MINUTE_MS));
  }
  expect(waits).toEqual([0, 5, 15]);
  const [old] = messages();
  Object.assign(old ?? {}, { sentAt: Date.now() - 7 * DAY_MS, visibleAt: 0 });
  await pass(1000);
  expect(messages()).toMatchObject([{ body: '{"id":"n0"}', version: '7', receives: 0 }]);
  expect(messages()[0]?.messageId).not.toBe(old?.messageId);
});

test('no worker is launched for what was left until 15 minutes later; one is for a task beside it', async () => {
  await sendNewer(3);
  const worker = drain();
  await pass(20_000);
  expect(worker.why()).toBe('empty');
  const launcher = new FakeLauncher();
  const ports = virtualPorts(memory);
  const launch = async () => (await launchWorkers(ports, launcher, DEFAULT_QUEUE)).started;
  expect(await launch()).toBe(0);
  await ports.messages.main('default').send([{ body: 'echo' }]);
  expect(await launch()).toBe(1);
  launcher.workers.splice(0);
  messages().splice(3);
  await pass(14 * MINUTE_MS);
  expect(await launch()).toBe(0);
  await pass(2 * MINUTE_MS);
  expect(await launch()).toBe(1);
});

test('what an older worker could not run says nothing to a newer launcher', () => {
  const control = { paused: false, purgedBefore: 0, cancels: 0 };
  const newer = { version: NEWEST_VERSION, count: 3, until: 1000 };
  expect(leftForNewer({ ...control, newer }, 999)).toBe(3);
  expect(leftForNewer({ ...control, newer }, 1000)).toBe(0);
  expect(leftForNewer({ ...control, newer: { ...newer, version: 1 } }, 999)).toBe(0);
  expect(leftForNewer(control, 999)).toBe(0);
});

test('a task whose row is of a newer version is left like a newer message', async () => {
  const { row } = await enqueueTask(virtualPorts(memory), DEFAULT_QUEUE, { command: 'true' });
  const worker = drain('w1', async (call, run) => {
    if (call.name === 'tasks.change') throw new NewerRowError(row.id, 7);
    return run();
  });
  await pass(20_000);
  expect([worker.why(), worker.programs.length, messages().length]).toEqual(['empty', 0, 1]);
  expect(memory.state.log.filter(({ level }) => level === 'error')).toEqual([]);
});
