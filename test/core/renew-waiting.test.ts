import { describe, expect, it } from 'vitest';
import { enqueueWorkflow } from '../../src/core/enqueue-workflow.ts';
import { EMPTY_LOOK_MS, FULL_LOOK_MS, MAX_DELAY_SECONDS, SWEEP_AFTER_MS } from '../../src/core/limits.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { renewWaiting } from '../../src/core/renew-waiting.ts';
import { Settler } from '../../src/core/settle.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { workOff } from '../fakes/memory-worker.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts();
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const renew = (forMs = 20_000) => renewWaiting({ ports, definition: DEFAULT_QUEUE }, state.now + forMs);
  const send = (bodies: readonly string[], version?: string) =>
    plain.messages.main('default').send(bodies.map((body) => ({ body, ...(version && { version }) })));
  const messages = () => state.messages.get('default') ?? [];
  const calls = () => faults.calls.splice(0).map(({ name }) => name);
  const settler = new Settler(plain, 'default', 90_000);
  const claimant = { ports: plain, definition: DEFAULT_QUEUE, worker: 'w1', settler };
  return { state, faults, renew, send, messages, calls, claimant };
}

describe('renewWaiting', () => {
  it('costs an idle queue one read a minute, and a look every six days', async () => {
    const { state, renew, calls } = makeWorld();
    await renew();
    expect(calls()).toEqual(['queues.readControl', 'main.counts', 'queues.setRenewal']);
    for (const ms of [60_000, DAY_MS, 4 * DAY_MS]) {
      state.now += ms;
      await renew();
      expect(calls()).toEqual(['queues.readControl']);
    }
    state.now += EMPTY_LOOK_MS - 5 * DAY_MS;
    await renew();
    expect(calls()).toContain('main.counts');
  });

  it('receives nothing from a queue that was seen empty less than a week ago, however full it is', async () => {
    const { state, renew, send, messages, calls } = makeWorld();
    await renew();
    await send(['echo 1']);
    for (let hours = 0; hours < 7 * 24 - 1; hours += 1) {
      state.now += HOUR_MS;
      await renew();
    }
    expect(calls()).not.toContain('main.receive');
    expect(messages()[0]?.receives).toBe(0);
  });

  it('keeps a task of a queue that is paused for a year', async () => {
    const { state, renew, send, messages, claimant } = makeWorld();
    await renew();
    await send(['echo 1']);
    const id = messages()[0]?.messageId ?? '';
    for (let hours = 0; hours < 365 * 24; hours += 1) {
      state.now += HOUR_MS;
      await renew();
    }
    expect(messages()).toHaveLength(1);
    state.now += MAX_DELAY_SECONDS * 1000;
    expect(await workOff(claimant)).toBe(1);
    expect(state.tasks.get(id)).toMatchObject({ state: 'SUCCEEDED', program: { command: 'echo 1' } });
  });

  it('keeps the body of a message that nobody understands while its queue is paused for a year', async () => {
    const { state, renew, send, messages, claimant } = makeWorld();
    await renew();
    await send(['{"not json']);
    const id = messages()[0]?.messageId ?? '';
    for (let hours = 0; hours < 365 * 24; hours += 1) {
      state.now += HOUR_MS;
      await renew();
    }
    state.now += MAX_DELAY_SECONDS * 1000;
    await workOff(claimant);
    expect(state.tasks.get(id)).toMatchObject({ state: 'FAILED', reason: 'invalid' });
    expect(state.payloads.get(id)).toContain('not json');
    expect(messages()).toEqual([]);
  });

  it('keeps the chain of a step that waits in a paused queue for longer than chains are kept', async () => {
    const { state, renew, claimant } = makeWorld();
    await renew();
    const steps = [{ command: 'one' }, { command: 'two' }];
    const { workflow } = await enqueueWorkflow(claimant.ports, DEFAULT_QUEUE, { kind: 'chain', steps });
    for (let hours = 0; hours < 120 * 24; hours += 1) {
      state.now += HOUR_MS;
      await renew();
    }
    const kept = await claimant.ports.workflows.read(workflow.id);
    expect((kept?.expiresAt ?? 0) * 1000).toBeGreaterThan(state.now);
  });

  it('renews what is old, leaves what is young as it was, and comes again in an hour', async () => {
    const { state, renew, send, messages, calls } = makeWorld();
    await send(Array.from({ length: 25 }, (_, n) => `old ${n}`));
    state.now += SWEEP_AFTER_MS;
    await send(Array.from({ length: 50 }, (_, n) => `young ${n}`));
    expect(await renew()).toBe(25);
    const young = messages().filter(({ version }) => version === undefined);
    expect(young.map(({ visibleAt, receives }) => [visibleAt <= state.now, receives <= 1])).toEqual(
      Array(50).fill([true, true]),
    );
    expect(young.filter(({ receives }) => receives > 0).length).toBeLessThanOrEqual(35);
    const copies = messages().filter(({ version }) => version !== undefined);
    expect(copies.map(({ sentAt }) => sentAt)).toEqual(Array(25).fill(state.now));
    calls();
    state.now += FULL_LOOK_MS - 1;
    await renew();
    expect(calls()).toEqual(['queues.readControl']);
    state.now += 1;
    await renew();
    expect(calls()).toContain('main.receive');
  });

  it('stops when its time is up, and goes on in the next minute', async () => {
    const { state, renew, send, faults } = makeWorld();
    await send(Array.from({ length: 30 }, (_, n) => `old ${n}`));
    state.now += SWEEP_AFTER_MS;
    expect(await renew(0)).toBe(0);
    expect(faults.calls.map(({ name }) => name)).not.toContain('main.receive');
    expect(await renew()).toBe(30);
  });

  it.each([
    ['main.send', 'before'],
    ['main.send', 'after'],
    ['main.delete', 'before'],
    ['tasks.change', 'before'],
  ] as const)('loses and doubles nothing when %s is lost %s its effect', async (call, when) => {
    const { state, renew, send, messages, faults, claimant } = makeWorld();
    await send(['echo 1', 'echo 2']);
    const ids = messages().map(({ messageId }) => messageId);
    state.now += SWEEP_AFTER_MS;
    faults.plan(call, when);
    await expect(renew()).rejects.toThrow('no answer');
    state.now += 61_000;
    await renew();
    state.now += MAX_DELAY_SECONDS * 1000;
    await workOff(claimant);
    expect(messages()).toEqual([]);
    expect([...state.tasks.values()].map(({ id, state: end, attempt }) => [id, end, attempt]).sort()).toEqual(
      ids.map((id) => [id, 'SUCCEEDED', 1]).sort(),
    );
  });

  it('copies a message of a newer version word for word, and one that nobody understands with its body', async () => {
    const { state, renew, send, messages, claimant } = makeWorld();
    await send(['{"id":"t9","colour":"red"}'], '7');
    await send(['{"not json']);
    const [newer, poison] = messages().map(({ messageId }) => messageId);
    state.now += SWEEP_AFTER_MS;
    expect(await renew()).toBe(2);
    const copy = messages().find(({ version }) => version === '7');
    expect(copy).toMatchObject({ body: '{"id":"t9","colour":"red"}', sentAt: state.now });
    expect(copy?.messageId).not.toBe(newer);
    messages().splice(messages().indexOf(copy!), 1);
    state.now += MAX_DELAY_SECONDS * 1000;
    await workOff(claimant);
    expect(state.tasks.get(poison ?? '')).toMatchObject({ state: 'FAILED', reason: 'invalid' });
    expect(state.payloads.get(poison ?? '')).toContain('not json');
  });
});
