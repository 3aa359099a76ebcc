import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cancelTask } from '../../src/core/cancel.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { Prefetch } from '../../src/worker/prefetch.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { runVirtualWorker, useVirtualTime, virtualPorts } from '../fakes/virtual-worker.ts';

const AHEAD = { size: 2, ahead: 1, freed: () => {} };

describe('a worker of short tasks', () => {
  let memory = makeMemoryPorts();
  let end: () => Promise<void>;
  beforeEach(() => {
    useVirtualTime();
    memory = makeMemoryPorts();
  });
  afterEach(async () => {
    await end();
    vi.useRealTimers();
  });
  const states = () => [...memory.state.tasks.values()].map(({ state }) => state);
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  /** Every slot runs a task, one more is claimed, one waits in line. */
  async function start(slots = 1) {
    const claims: string[] = [];
    const startedAtEnds: number[] = [];
    let programs: readonly unknown[] = [];
    const ports = virtualPorts(memory, (call, run) => {
      const change = call.args[0] as { event?: string; id: string };
      if (call.name === 'tasks.change' && change.event === 'claim') claims.push(change.id);
      if (call.name === 'tasks.change' && change.event === 'succeed') startedAtEnds.push(programs.length);
      return run();
    });
    const ids: string[] = [];
    for (const command of ['a', 'b', 'c', 'd'].slice(0, slots + 2)) {
      ids.push((await enqueueTask(ports, DEFAULT_QUEUE, { command })).row.id);
    }
    const worker = runVirtualWorker(ports, { slots, prefetch: AHEAD });
    ({ end, programs } = worker);
    await pass(200);
    const running = worker.programs.map(({ start }) => start.env['MILLRACE_TASK_ID']);
    const [ahead = ''] = claims.filter((id) => !running.includes(id));
    return { ...worker, ports, claims, startedAtEnds, ids, ahead };
  }

  test('claims a task while another runs, and runs it at once when the slot falls free', async () => {
    const { programs, claims, ahead } = await start();
    expect([programs.length, claims.length]).toEqual([1, 2]);
    expect(states().sort()).toEqual(['PENDING', 'RUNNING', 'RUNNING']);
    programs[0]?.end();
    await pass(0);
    expect(programs[1]?.start.env['MILLRACE_TASK_ID']).toBe(ahead);
    programs[1]?.end();
    await pass(200);
    programs[2]?.end();
    await pass(500);
    expect(states()).toEqual(['SUCCEEDED', 'SUCCEEDED', 'SUCCEEDED']);
    expect(memory.state.messages.get('default')).toEqual([]);
  });

  test('starts the next program before it asks for the end of the last one to be recorded', async () => {
    const { programs, startedAtEnds } = await start();
    programs[0]?.end();
    await pass(200);
    expect(startedAtEnds).toEqual([2]);
    programs[1]?.end();
    await pass(200);
    programs[2]?.end();
    await pass(500);
  });

  test('gives back what it has claimed, without a failure, when no slot falls free soon', async () => {
    const { programs, ahead } = await start();
    await pass(4000);
    expect(programs).toHaveLength(1);
    expect(memory.state.tasks.get(ahead)).toMatchObject({ state: 'PENDING', attempt: 1, failures: 0 });
    programs[0]?.end();
    await pass(1000);
    expect(programs).toHaveLength(2);
  });

  test('gives back what it has claimed when it is told to stop', async () => {
    const { programs, stop, ahead } = await start();
    stop.abort();
    await pass(1000);
    expect(memory.state.tasks.get(ahead)).toMatchObject({ state: 'PENDING', attempt: 1, failures: 0 });
    expect(programs).toHaveLength(1);
  });

  test.each([1, 2])(
    'hears a request to cancel that came between claim and start, with %i slots',
    async (slots) => {
      const { programs, ports, ahead } = await start(slots);
      await cancelTask(
        { ports, definition: DEFAULT_QUEUE, settler: new Settler(ports, DEFAULT_QUEUE.name, 90_000) },
        ahead,
      );
      await pass(2000); // what runs has heard of it by now
      programs[0]?.end();
      await pass(5000);
      expect(programs[slots]?.kills.length).toBeGreaterThan(0);
      expect(memory.state.tasks.get(ahead)?.state).toBe('CANCELLED');
    },
  );

  test('works the further ahead the sooner slots fall free, whatever a long task does in another', () => {
    end = async () => {};
    const after = (intervals: readonly number[]): [number, number] => {
      const prefetch = new Prefetch(8);
      let at = 0;
      for (const ms of intervals) prefetch.freed((at += ms));
      return [prefetch.size, prefetch.ahead];
    };
    const every = (ms: number) => after(Array.from({ length: 100 }, () => ms));
    expect([every(1), every(10), every(20), every(125), every(1000)]).toEqual([
      [30, 8],
      [25, 8],
      [12, 5],
      [2, 0],
      [0, 0],
    ]);
    expect(after([10, 10, 10])).toEqual([0, 0]);
    // The queue was empty for a night.
    expect(
      after([...Array.from({ length: 100 }, () => 10), 3e7, ...Array.from({ length: 20 }, () => 10)])[0],
    ).toBeGreaterThan(10);
  });
});
