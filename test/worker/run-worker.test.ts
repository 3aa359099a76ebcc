import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cancelTask } from '../../src/core/cancel.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { settleGraceMs } from '../../src/core/limits.ts';
import type { Ports } from '../../src/core/ports.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import type { TaskSpec } from '../../src/core/task-spec.ts';
import type { WorkerSettings } from '../../src/worker/worker-settings.ts';
import type { Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { runVirtualWorker, useVirtualTime, virtualPorts } from '../fakes/virtual-worker.ts';

const LEASE_MS = DEFAULT_QUEUE.leaseSeconds * 1000;

/** The real worker over ports in memory, in virtual time. */
describe('a worker', () => {
  let memory = makeMemoryPorts();
  beforeEach(() => {
    useVirtualTime();
    memory = makeMemoryPorts();
  });
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    vi.useRealTimers();
  });

  const portsFor = (intercept?: Intercept): Ports => virtualPorts(memory, intercept);
  function startWorker(ports: Ports, more: Partial<WorkerSettings> = {}) {
    const running = runVirtualWorker(ports, { worker: `w${stops.length}`, ...more });
    stops.push(running.end);
    return running;
  }
  const enqueue = async (ports: Ports, spec: TaskSpec): Promise<string> =>
    (await enqueueTask(ports, DEFAULT_QUEUE, spec)).row.id;
  const row = (id: string) => memory.state.tasks.get(id);
  const messages = () => memory.state.messages.get('default') ?? [];
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('runs a task, records its end, counts it, and only then deletes its message', async () => {
    const calls: string[] = [];
    const ports = portsFor((call, run) => {
      calls.push(call.name === 'tasks.change' ? (call.args[0] as { event: string }).event : call.name);
      return run();
    });
    const id = await enqueue(ports, { command: 'true' });
    const { programs } = startWorker(ports);
    await pass(200);
    expect(row(id)?.state).toBe('RUNNING');
    programs[0]?.end();
    await pass(500);
    expect(row(id)?.state).toBe('SUCCEEDED');
    expect(messages()).toEqual([]);
    const order = ['claim', 'succeed', 'ledgers.advance', 'main.delete'].map((call) => calls.indexOf(call));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('renews lease and visibility of a long task, so that nobody else takes it', async () => {
    const ports = portsFor();
    const id = await enqueue(ports, { command: 'true', timeoutSeconds: 3000 });
    const one = startWorker(ports);
    await pass(200);
    const other = startWorker(ports);
    await pass(10 * LEASE_MS);
    expect(row(id)).toMatchObject({ state: 'RUNNING', attempt: 1, worker: 'w0' });
    expect(other.programs).toHaveLength(0);
    one.programs[0]?.end();
    await pass(500);
    expect(row(id)?.state).toBe('SUCCEEDED');
  });

  test('ends a program whose lease cannot be renewed before it runs out, and records nothing; another finishes it', async () => {
    let isCut = false;
    const cut = portsFor(async (_call, run) => {
      if (isCut) throw new Error('the network is away');
      return run();
    });
    const id = await enqueue(cut, { command: 'true', maxAttempts: 3 });
    const loser = startWorker(cut);
    await pass(200);
    const claimedAt = Date.now() - 200;
    isCut = true;
    await pass(LEASE_MS);
    const [program] = loser.programs;
    expect(program?.killedAt).toBeGreaterThan(claimedAt + LEASE_MS / 2);
    expect((program?.killedAt ?? Infinity) + (program?.kills[0] ?? 0)).toBeLessThan(claimedAt + LEASE_MS);
    expect(row(id)).toMatchObject({ state: 'RUNNING', attempt: 1 });
    const winner = startWorker(portsFor());
    await pass(LEASE_MS);
    expect(row(id)).toMatchObject({ state: 'RUNNING', attempt: 2, failures: 1 });
    winner.programs[0]?.end();
    await pass(1000);
    expect(row(id)).toMatchObject({ state: 'SUCCEEDED', attempt: 2 });
    isCut = false;
    await pass(2 * LEASE_MS);
    expect(row(id)).toMatchObject({ state: 'SUCCEEDED', attempt: 2 });
    expect(loser.programs).toHaveLength(1);
  });

  test('that is stopped lets what ends within the grace end, and hands the rest back without a failure', async () => {
    const ports = portsFor();
    const [quick, slow] = [await enqueue(ports, { command: 'a' }), await enqueue(ports, { command: 'b' })];
    const { programs, stop, result } = startWorker(ports);
    await pass(200);
    stop.abort();
    await pass(5000);
    programs[0]?.end();
    await pass(4000);
    expect(programs[1]?.kills).toEqual([]);
    await pass(2000);
    expect((await result).why).toBe('stopped');
    expect([quick, slow].map((id) => row(id)?.state).sort()).toEqual(['PENDING', 'SUCCEEDED']);
    expect([row(quick)?.failures, row(slow)?.failures]).toEqual([0, 0]);
    expect(messages().map(({ visibleAt }) => visibleAt <= Date.now())).toEqual([true]);
  });

  test('that is told to stop twice hands back at once', async () => {
    const ports = portsFor();
    const id = await enqueue(ports, { command: 'a' });
    const { stop, force, result } = startWorker(ports);
    await pass(200);
    stop.abort();
    force.abort();
    await pass(1000);
    expect((await result).why).toBe('stopped');
    expect(row(id)).toMatchObject({ state: 'PENDING', failures: 0 });
  });

  test('counts a death of its spawner as a failure, so that a program that kills it does not run for ever', async () => {
    const ports = portsFor();
    const id = await enqueue(ports, { command: 'a', maxAttempts: 1 });
    const { programs } = startWorker(ports);
    await pass(200);
    programs[0]?.die();
    await pass(500);
    expect(row(id)).toMatchObject({ state: 'FAILED', reason: 'lost' });
  });

  test('learns of a cancel request within seconds, kills the group with its grace, and records the end', async () => {
    const ports = portsFor();
    const id = await enqueue(ports, { command: 'a' });
    const { programs } = startWorker(ports);
    await pass(5000);
    const settler = new Settler(ports, 'default', settleGraceMs(LEASE_MS));
    await cancelTask({ ports, settler, definition: DEFAULT_QUEUE }, id);
    await pass(4500);
    expect(programs[0]?.kills).toEqual([10_000]);
    expect(row(id)?.state).toBe('CANCELLED');
    expect(messages()).toEqual([]);
  });

  test('ends a program at its time-out, and says so', async () => {
    const ports = portsFor();
    const id = await enqueue(ports, { command: 'a', timeoutSeconds: 7, maxAttempts: 1 });
    const { programs } = startWorker(ports);
    await pass(6900);
    expect(programs[0]?.kills).toEqual([]);
    await pass(1000);
    expect(row(id)).toMatchObject({ state: 'FAILED', reason: 'timeout' });
  });

  test('holds no message beyond its slots while tasks are long', async () => {
    const ports = portsFor();
    for (let n = 0; n < 12; n += 1) await enqueue(ports, { command: `${n}` });
    const { programs } = startWorker(ports, { slots: 1 });
    for (let n = 0; n < 10; n += 1) {
      await pass(1000);
      programs.at(-1)?.end();
    }
    await pass(500);
    const inFlight = messages().filter(({ visibleAt }) => visibleAt > Date.now());
    expect(inFlight).toHaveLength(1);
    expect(programs).toHaveLength(11);
  });

  test('gives back what it received after the queue was paused', async () => {
    const ports = portsFor();
    const { programs } = startWorker(ports);
    await pass(3000);
    await ports.queues.setPaused('default', true);
    await enqueue(ports, { command: 'a' });
    await pass(5000);
    expect(programs).toHaveLength(0);
    await ports.queues.setPaused('default', false);
    await pass(5000);
    expect(programs).toHaveLength(1);
  });

  test('leaves no timer behind', async () => {
    const ports = portsFor();
    await enqueue(ports, { command: 'a' });
    const { programs, result } = startWorker(ports, { mode: 'until-empty' });
    await pass(200);
    programs[0]?.end();
    await pass(10_000);
    expect(await result).toEqual({ why: 'empty', ran: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
