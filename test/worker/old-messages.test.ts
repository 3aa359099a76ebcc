import { afterEach, expect, test, vi } from 'vitest';
import { cancelTask } from '../../src/core/cancel.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { runVirtualWorker, useVirtualTime, virtualPorts } from '../fakes/virtual-worker.ts';

const DAY_MS = 86_400_000;

let current: ReturnType<typeof runVirtualWorker> | undefined;
afterEach(async () => {
  await current?.end();
  current = undefined;
  vi.useRealTimers();
});

/** A task whose message SQS has had for so long, and then a worker. */
async function startWith(ageMs: number) {
  useVirtualTime();
  const memory = makeMemoryPorts([DEFAULT_QUEUE]);
  const { state } = memory;
  const ports = virtualPorts(memory);
  const { row } = await enqueueTask(ports, DEFAULT_QUEUE, { command: 'true', maxAttempts: 2 });
  const messages = () => state.messages.get('default') ?? [];
  const age = (ms: number) =>
    messages().forEach((message) => Object.assign(message, { sentAt: Date.now() - ms }));
  age(ageMs);
  const worker = (current = runVirtualWorker(ports));
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  return { ...worker, ports, state, pass, id: row.id, messages, age, row: () => state.tasks.get(row.id) };
}

test('a task that has waited for more than a week is run, not sent to the end of its queue once more', async () => {
  const { pass, programs, messages, row } = await startWith(8 * DAY_MS);
  await pass(200);
  expect(programs).toHaveLength(1);
  expect(messages()).toHaveLength(1);
  programs[0]?.end();
  await pass(500);
  expect([row()?.state, messages()]).toEqual(['SUCCEEDED', []]);
});

test('one that SQS will forget within a day is run with its copy out, which then does no more', async () => {
  const { pass, programs, messages, row, state } = await startWith(9.5 * DAY_MS);
  await pass(200);
  expect(programs).toHaveLength(1);
  expect(messages().map(({ sentAt }) => Date.now() - sentAt > DAY_MS)).toEqual([true, false]);
  programs[0]?.end();
  await pass(1000);
  expect([row()?.state, messages().length]).toEqual(['SUCCEEDED', 1]);
  await pass(1_000_000);
  expect([row()?.attempt, programs.length, messages().length]).toEqual([1, 1, 0]);
  expect(state.log.filter(({ level }) => level === 'error')).toEqual([]);
});

test('its retry is the copy’s: the old message goes', async () => {
  const { pass, programs, messages, row } = await startWith(9.5 * DAY_MS);
  await pass(200);
  programs[0]?.end({ exitCode: 1 });
  await pass(200);
  expect(row()).toMatchObject({ state: 'PENDING', failures: 1 });
  expect(messages()).toMatchObject([{ version: '1', receives: 0 }]);
  await pass(1_000_000);
  expect(programs).toHaveLength(2);
});

test('a message that cannot be run now is renewed when it is old: its copy comes when it would have come', async () => {
  const { pass, ports, programs, messages, age, id } = await startWith(0);
  await pass(200);
  const [original] = messages();
  if (!original) throw new Error('the message is gone');
  const { body, version } = original;
  await ports.messages.main('default').send([{ body, version: version ?? '' }]); // delivered twice, say
  age(8 * DAY_MS);
  await pass(30_000);
  const duplicate = messages().find((message) => message !== original);
  expect(Date.now() - (duplicate?.sentAt ?? 0)).toBeLessThan(60_000);
  expect(messages()).toHaveLength(2);
  await cancelTask({ ports, definition: DEFAULT_QUEUE, settler: new Settler(ports, 'default', 90_000) }, id);
  await pass(5000);
  programs[0]?.end();
  await pass(200_000);
  expect(messages()).toEqual([]);
});
