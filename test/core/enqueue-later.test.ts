import { describe, expect, it } from 'vitest';
import { cancelTask } from '../../src/core/cancel.ts';
import { claimTask } from '../../src/core/claim.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import { loadMessage } from '../../src/core/load-message.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE as QUEUE } from '../../src/core/queue-definition.ts';
import { readQueueProgress } from '../../src/core/progress.ts';
import { renewMessages } from '../../src/core/renew-message.ts';
import { Settler } from '../../src/core/settle.ts';
import { fireDue } from '../../src/local/fire-due.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';
import { makeMemoryTimers } from '../fakes/memory-timers.ts';

const DAY_SECONDS = 86_400;

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts();
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const claimant: Claimant = {
    ports,
    definition: QUEUE,
    worker: 'w',
    settler: new Settler(ports, QUEUE.name, 1000),
  };
  const fire = () => fireDue(plain, makeMemoryTimers(state.timers));
  const later = (command: string, delaySeconds = DAY_SECONDS, key?: string) =>
    enqueueTask(ports, QUEUE, { command, delaySeconds }, key);
  const claimNext = async () => {
    const [received] = await plain.messages.main(QUEUE.name).receive(1, 0);
    if (!received) return undefined;
    const message = await loadMessage(claimant, received, false);
    if (message.kind === 'newer') throw new Error(message.kind);
    return { message, claim: await claimTask(claimant, message, await plain.queues.readControl(QUEUE.name)) };
  };
  return { ports, plain, state, faults, claimant, fire, later, claimNext };
}

describe('a task that waits longer than SQS delays a message', () => {
  it('has a row at once and its message when it is due, however far that is', async () => {
    const { state, later, fire, claimNext } = makeWorld();
    const { row } = await later('true', 366 * DAY_SECONDS);
    expect(row).toMatchObject({ state: 'PENDING', notBefore: START + 366 * DAY_SECONDS * 1000 });
    expect(row.expiresAt).toBeUndefined();
    state.now = (row.notBefore ?? 0) - 1;
    expect(await fire()).toBe(0);
    state.now += 1;
    expect([await fire(), await fire()]).toEqual([1, 0]);
    expect((await claimNext())?.claim).toMatchObject({ kind: 'run', row: { id: row.id, attempt: 1 } });
  });

  it('is not run by a message that comes early', async () => {
    const { plain, state, later, claimNext } = makeWorld();
    await later('true');
    const [timer] = state.timers.values();
    if (timer && 'later' in timer.what)
      await plain.messages.main(QUEUE.name).send([timer.what.later.message]);
    expect((await claimNext())?.claim).toMatchObject({ kind: 'wait', ms: DAY_SECONDS * 1000 });
  });

  it.each([
    ['scheduler.sendLater', 'before'],
    ['scheduler.sendLater', 'after'],
    ['tasks.change', 'before'],
    ['tasks.change', 'after'],
  ] as const)(
    'sent again under its key after %s was lost (%s it was carried out) runs once',
    async (step, fault) => {
      const { state, faults, later, fire, claimNext } = makeWorld();
      faults.plan(step, fault);
      await expect(later('true', DAY_SECONDS, 'key')).rejects.toThrow('no answer');
      state.now += 5000;
      const { row } = await later('true', DAY_SECONDS, 'key');
      expect([state.timers.size, state.tasks.size]).toEqual([1, 1]);
      state.now = row.notBefore ?? 0;
      expect(await fire()).toBe(1);
      expect((await claimNext())?.claim.kind).toBe('run');
      expect(await claimNext()).toBeUndefined();
    },
  );

  it('is not lost to another content under its key whose request died half-way', async () => {
    const { state, faults, later, fire, claimNext } = makeWorld();
    faults.plan('tasks.change', 'before');
    await expect(later('one', DAY_SECONDS, 'key')).rejects.toThrow();
    const { row } = await later('two', DAY_SECONDS, 'key');
    state.now += DAY_SECONDS * 1000;
    expect(await fire()).toBe(2);
    const claims = [await claimNext(), await claimNext()];
    expect(claims.map((next) => next?.claim.kind).sort()).toEqual(['delete', 'run']);
    expect(claims.find((next) => next?.claim.kind === 'run')?.message.hash).toBe(row.hash);
  });

  it('is CANCELLED at once, and its message never sent', async () => {
    const { state, claimant, later, fire } = makeWorld();
    const { row } = await later('true');
    expect((await cancelTask(claimant, row.id)).state).toBe('CANCELLED');
    state.now += 2 * DAY_SECONDS * 1000;
    expect(await fire()).toBe(0);
  });

  it('is CANCELLED though the scheduler cannot be reached; its late message is deleted', async () => {
    const { state, faults, claimant, later, fire, claimNext } = makeWorld();
    const { row } = await later('true');
    faults.plan('scheduler.dropLater', 'before');
    expect((await cancelTask(claimant, row.id)).state).toBe('CANCELLED');
    expect(state.log.filter(({ level }) => level === 'warn')).toHaveLength(1);
    state.now += DAY_SECONDS * 1000;
    expect(await fire()).toBe(1);
    expect((await claimNext())?.claim).toMatchObject({ kind: 'delete', why: 'its task has ended' });
  });

  it('keeps its message with the scheduler when its end is not known to be counted', async () => {
    const { ports, plain, state, claimant, later, fire, claimNext } = makeWorld();
    const { row } = await later('true');
    let [closed, unreachable] = [false, true];
    const cancelling = interceptPorts(ports, async ({ name, args }, run) => {
      if (name === 'ledgers.close' && unreachable) throw new Error('no answer');
      if (name === 'ledgers.advance' && !closed) {
        closed = true; // by somebody who has met an end of it
        const { ledger } = args[0] as { ledger: string };
        await plain.ledgers.close(QUEUE.name, ledger, Number.MAX_SAFE_INTEGER, state.now);
      }
      return run();
    });
    const settler = new Settler(cancelling, QUEUE.name, 1000);
    await cancelTask({ ports: cancelling, settler, definition: QUEUE }, row.id);
    unreachable = false;
    state.now += DAY_SECONDS * 1000;
    expect(await fire()).toBe(1);
    expect((await claimNext())?.claim.kind).toBe('delete');
    expect(await readQueueProgress(plain, claimant.definition)).toMatchObject({ cancelled: 1 });
  });

  it('that was cancelled long ago is not run by a late message once its row is gone', async () => {
    const { state, faults, claimant, later, fire, claimNext } = makeWorld();
    const { row } = await later('true', 300 * DAY_SECONDS);
    faults.plan('scheduler.dropLater', 'before');
    await cancelTask(claimant, row.id);
    state.now += 300 * DAY_SECONDS * 1000;
    expect(await fire()).toBe(1);
    expect((await claimNext())?.claim).toMatchObject({ kind: 'delete', why: 'its task ended long ago' });
  });

  it('is CANCELLED by a purge when its message is met', async () => {
    const { plain, state, later, fire, claimNext } = makeWorld();
    await later('true');
    state.now += 1000;
    await plain.queues.setPurgedBefore(QUEUE.name, state.now);
    state.now += DAY_SECONDS * 1000;
    await fire();
    expect((await claimNext())?.claim).toMatchObject({ kind: 'ended', row: { state: 'CANCELLED' } });
  });

  it('has what is too long for the scheduler kept beside its row, until it is due and longer', async () => {
    const { ports, state, fire, claimNext } = makeWorld();
    const input = 'x'.repeat(200_000);
    const spec = { command: 'cat', input, delaySeconds: 366 * DAY_SECONDS };
    const { row } = await enqueueTask(ports, QUEUE, spec);
    state.now = row.notBefore ?? 0;
    await fire();
    const next = await claimNext();
    expect(next?.claim.kind === 'run' && next.claim.message.spec.input).toBe(input);
  });

  it('runs its own long content, whatever another request under its key keeps meanwhile', async () => {
    const { ports, plain, state, faults, fire, claimNext } = makeWorld();
    const asked = (input: string) => ({ command: 'cat', input, delaySeconds: DAY_SECONDS });
    const [mine, other] = ['x', 'y'].map((letter) => asked(letter.repeat(200_000)));
    if (!mine || !other) throw new Error('expected two');
    let isFirst = true;
    const racing = interceptPorts(plain, async ({ name }, run) => {
      if (name === 'tasks.change' && isFirst) {
        isFirst = false;
        faults.plan('tasks.change', 'before');
        await expect(enqueueTask(ports, QUEUE, other, 'key')).rejects.toThrow('no answer');
      }
      return run();
    });
    const { row } = await enqueueTask(racing, QUEUE, mine, 'key');
    state.now = row.notBefore ?? 0;
    expect(await fire()).toBe(2);
    const claims = [await claimNext(), await claimNext()].flatMap((next) => next?.claim ?? []);
    const inputs = claims.flatMap((claim) => (claim.kind === 'run' ? [claim.message.spec.input] : []));
    expect(inputs).toEqual([mine.input]);
  });

  it('keeps its time when its message is sent anew', async () => {
    const { plain, state, claimant, later } = makeWorld();
    await later('true');
    const [timer] = state.timers.values();
    if (!timer || !('later' in timer.what)) throw new Error('no timer');
    const { body, version } = timer.what.later.message;
    const received = { body, version, messageId: 'm', receipt: 'r', sentAt: START, tenant: undefined };
    const message = await loadMessage(claimant, received, false);
    if (message.kind !== 'task') throw new Error(message.kind);
    await renewMessages({ ports: plain, definition: QUEUE }, [{ received, message }], 0);
    const [copy] = state.messages.get(QUEUE.name) ?? [];
    expect(JSON.parse(copy?.body ?? '')).toMatchObject({ notBefore: START + DAY_SECONDS * 1000 });
    expect(copy).toMatchObject({ version: '2', delaySeconds: 900 });
  });
});
