import { describe, expect, test } from 'vitest';
import { beat, finishAttempt } from '../../src/core/attempt.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { TaskChange } from '../../src/core/transition.ts';
import { interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { claimNext, FAILURE } from '../fakes/memory-worker.ts';

const LEASE_MS = DEFAULT_QUEUE.leaseSeconds * 1000;

/** A request that was given up may still be carried out: what it then finds must be no other attempt's. */
describe('a write that is carried out late', () => {
  /** A world in which each change is carried out as usual, and can be carried out again later. */
  async function start() {
    const { ports: plain, state } = makeMemoryPorts();
    const seen: TaskChange[] = [];
    const ports = interceptPorts(plain, (call, run) => {
      if (call.name === 'tasks.change') seen.push(call.args[0] as TaskChange);
      return run();
    });
    const settler = new Settler(ports, 'default', 90_000);
    const claimant: Claimant = { ports, settler, definition: DEFAULT_QUEUE, worker: 'w' };
    const { id } = (await enqueueTask(ports, DEFAULT_QUEUE, { command: 'a', maxAttempts: 3 })).row;
    const claim = async () => {
      const next = await claimNext(claimant);
      if (next?.claim.kind !== 'run') throw new Error(`expected a claim, got ${next?.claim.kind}`);
      return next.claim;
    };
    const again = (event: TaskChange['event']) => {
      const change = seen.find((one) => one.event === event); // the first of its kind
      if (!change) throw new Error(`there was no ${event}`);
      return plain.tasks.change(change);
    };
    return { state, claimant, id, claim, again };
  }

  test('a beat takes back nothing that a later one has renewed', async () => {
    const { state, claimant, id, claim, again } = await start();
    const attempt = await claim();
    await beat(claimant, attempt, undefined);
    state.now += 5000;
    await beat(claimant, attempt, undefined);
    const renewed = state.now + LEASE_MS;
    expect(state.tasks.get(id)?.lease).toBe(renewed);
    expect((await again('beat')).done).toBe(false);
    expect(state.tasks.get(id)?.lease).toBe(renewed);
  });

  test('a cancel of a task that was claimed meanwhile does not end it when it is PENDING again', async () => {
    const { state, claimant, id, claim, again } = await start();
    const settler = new Settler(claimant.ports, 'default', 90_000);
    const row = await claimant.ports.tasks.read(id);
    // What cancel read was PENDING; then a worker claimed the task.
    const attempt = await claim();
    const tasks = { ...claimant.ports.tasks, read: async () => row };
    const ports = { ...claimant.ports, tasks };
    await expect(cancelTask({ ports, settler, definition: DEFAULT_QUEUE }, id)).rejects.toThrow(
      'keeps changing',
    );
    await finishAttempt(claimant, attempt, FAILURE);
    expect(state.tasks.get(id)?.state).toBe('PENDING');
    expect((await again('cancel')).done).toBe(false);
    expect(state.tasks.get(id)?.state).toBe('PENDING');
  });

  test('the end of a lost attempt does not end the next one', async () => {
    const { state, claimant, id, claim, again } = await start();
    const { row } = await claim();
    state.tasks.set(id, { ...row, maxAttempts: 1 });
    state.now += LEASE_MS + 6000;
    const ended = await claimNext(claimant);
    expect(ended?.claim.kind).toBe('ended');
    // As after a redrive whose attempt has run out, too.
    const next: TaskRow = { ...row, attempt: row.attempt + 1, token: 'another', lease: 0 };
    state.tasks.set(id, next);
    expect((await again('fail')).done).toBe(false);
  });
});
