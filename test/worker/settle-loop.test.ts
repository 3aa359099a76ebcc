import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Settler } from '../../src/core/settle.ts';
import type { TaskChange } from '../../src/core/transition.ts';
import { SettleLoop } from '../../src/worker/settle-loop.ts';
import { interceptPorts, type Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';

describe('the settle loop of a worker', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function start(intercept: Intercept = (_call, run) => run()) {
    const { ports: plain, state } = makeMemoryPorts();
    const ports = interceptPorts(plain, intercept);
    const settler = new Settler(ports, 'default', 90_000);
    const loop = new SettleLoop(settler, ports.log, () => false);
    const end = async (id: string): Promise<{ isCounted: boolean }> => {
      const seen = { isCounted: false };
      const result = await settler.end(cancelOf(id));
      if (result.done) void result.counted.then((counted) => (seen.isCounted = counted));
      return seen;
    };
    return { loop, settler, state, end };
  }

  test('counts an end that comes in after a drain', async () => {
    const { loop, end } = start();
    await end('a');
    loop.kick(); // its timer is set when the drain comes
    expect(await loop.drain()).toBe(true);
    const later = await end('b');
    loop.kick();
    await vi.advanceTimersByTimeAsync(100);
    expect(later.isCounted).toBe(true);
    loop.close();
  });

  test('counts an end that got another stamp, since the answer to another end was lost', async () => {
    let lost = '';
    const { loop, settler, end } = start(async (call, run) => {
      const answer = await run();
      if (call.name !== 'tasks.change' || (call.args[0] as TaskChange).id !== lost) return answer;
      await new Promise((resolve) => setTimeout(resolve, 5000));
      throw new Error('no answer');
    });
    lost = 'a';
    const unknown = settler.end(cancelOf('a')).catch(() => 'unknown');
    const known = await end('b');
    loop.kick();
    await vi.advanceTimersByTimeAsync(4000);
    expect(known.isCounted).toBe(false); // it stands behind one whose outcome is not known
    await vi.advanceTimersByTimeAsync(4000);
    expect(await unknown).toBe('unknown');
    expect(known.isCounted).toBe(true);
    loop.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

function cancelOf(id: string): TaskChange {
  return { id, event: 'cancel', from: ['none'], guard: {}, set: { queue: 'default', endedAt: 0 } };
}
