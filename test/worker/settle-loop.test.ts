import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Settler } from '../../src/core/settle.ts';
import { SettleLoop } from '../../src/worker/settle-loop.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('counts an end that is recorded after a drain which cut a planned flush short', async () => {
  const { ports, state } = makeMemoryPorts();
  const settler = new Settler(ports, 'default', 90_000);
  const loop = new SettleLoop(settler, ports.log);
  const counted: string[] = [];
  const endOne = async (id: string): Promise<void> => {
    const set = { queue: 'default', hash: 'h', createdAt: state.now, maxAttempts: 1, endedAt: state.now };
    const result = await settler.end({ id, event: 'cancel', from: ['none'], guard: {}, set });
    if (result.done) void result.counted.then(() => counted.push(id));
    loop.kick();
  };
  await endOne('first');
  expect(await loop.drain()).toBe(true);

  await endOne('second');
  await vi.advanceTimersByTimeAsync(1000);
  expect(counted).toEqual(['first', 'second']);
});
