import { describe, expect, it } from 'vitest';
import type { Attempt, Outcome } from '../../src/core/attempt.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { cancelWorkflow } from '../../src/core/cancel-workflow.ts';
import { continueWorkflow } from '../../src/core/continue-workflow.ts';
import { judgeDeadLetter } from '../../src/core/dead-letter.ts';
import { enqueueWorkflow, type WorkflowSpec } from '../../src/core/enqueue-workflow.ts';
import { CHUNK_RETENTION_MS, MAX_FED_BYTES, ROW_RETENTION_MS } from '../../src/core/limits.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { readWorkflow } from '../../src/core/read-workflow.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import { Settler } from '../../src/core/settle.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { claimNext, FAILURE, workOff } from '../fakes/memory-worker.ts';

const QUEUE = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 1 });
const CHAIN: WorkflowSpec = {
  kind: 'chain',
  steps: [{ command: 'one' }, { handler: 'two', into: 'last' }, { command: 'three' }],
};
const setOf = (members: number, more: { evenIfFailed?: boolean } = {}): WorkflowSpec => ({
  kind: 'set',
  members: Array.from({ length: members }, (_, at) => ({ command: `member ${at + 1}` })),
  callback: { command: 'then' },
  evenIfFailed: more.evenIfFailed ?? false,
});

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts([QUEUE]);
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const settler = new Settler(ports, 'default', 90_000);
  const claimant = { ports, definition: QUEUE, worker: 'w1', settler };
  const ran: Record<string, unknown> = {};
  /** Runs all that there is; those named end so, others print their id. */
  const run = (ends: Record<string, Outcome> = {}) =>
    workOff(claimant, ({ row, message }: Attempt) => {
      ran[row.id] = message.spec.args ?? message.spec.input;
      const place = row.id.slice(row.id.indexOf('.') + 1);
      return ends[place] ?? { exitCode: 0, stdout: `${place}\n`, stderr: '' };
    });
  const start = async (spec: WorkflowSpec, key?: string) =>
    (await enqueueWorkflow(ports, QUEUE, spec, key)).workflow.id;
  return { ports, plain, state, faults, claimant, ran, run, start };
}
const result = (value: unknown): Outcome => ({
  exitCode: 0,
  stdout: '',
  stderr: '',
  result: JSON.stringify(value),
});

describe('a chain', () => {
  it('runs its steps one after another, each fed with what the last one left', async () => {
    const { ports, state, ran, run, start } = makeWorld();
    const id = await start(CHAIN);
    expect(state.tasks.size).toBe(1);
    expect(await readWorkflow(ports, id)).toMatchObject({ kind: 'chain', state: 'PENDING' });
    await run({ '2': result({ sum: 5 }) });
    expect(ran).toEqual({ [`${id}.1`]: undefined, [`${id}.2`]: { last: '1\n' }, [`${id}.3`]: '{"sum":5}' });
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'SUCCEEDED',
      steps: [1, 2, 3].map((n) => ({ task: `${id}.${n}`, state: 'SUCCEEDED' })),
      result: '3\n',
    });
    expect(state.messages.get('default')).toEqual([]);
  });

  it('stops at a step that FAILED, and goes on from there when that is redriven', async () => {
    const { ports, claimant, run, start } = makeWorld();
    const id = await start(CHAIN);
    await run({ '2': FAILURE });
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'FAILED',
      steps: [{ state: 'SUCCEEDED' }, { state: 'FAILED', reason: 'exit' }, { state: 'WAITING' }],
    });
    await redriveTask(claimant, `${id}.2`);
    expect((await readWorkflow(ports, id)).state).toBe('RUNNING');
    await run();
    expect((await readWorkflow(ports, id)).state).toBe('SUCCEEDED');
  });

  it('is CANCELLED with a step of it', async () => {
    const { ports, state, claimant, run, start } = makeWorld();
    const id = await start(CHAIN);
    await cancelTask(claimant, `${id}.1`);
    await run();
    expect((await readWorkflow(ports, id)).state).toBe('CANCELLED');
    expect(state.tasks.size).toBe(1);
  });

  it('is the same under the same key, and a conflict with other steps, even if those differ in `into` alone', async () => {
    const { ports, state, run, start } = makeWorld();
    const id = await start(CHAIN, 'k');
    expect(await start(CHAIN, 'k')).toBe(id);
    expect(state.messages.get('default')).toHaveLength(1);
    const other = { ...CHAIN, steps: [{ command: 'one' }, { handler: 'two' }, { command: 'three' }] };
    await expect(start(other as WorkflowSpec, 'k')).rejects.toMatchObject({ code: 'content_conflict' });
    await run();
    expect(await enqueueWorkflow(ports, QUEUE, CHAIN, 'k')).toMatchObject({ created: false });
    expect(state.messages.get('default')).toEqual([]);
    // Its first row may be gone by then: it must not be begun again.
    state.now += ROW_RETENTION_MS;
    await expect(start(CHAIN, 'k')).rejects.toMatchObject({ code: 'content_conflict' });
  });

  it.each(['tasks.change', 'main.send'])(
    'is not there before it is accepted; the key completes it after a crash at %s',
    async (call) => {
      const { ports, faults, run, start, claimant } = makeWorld();
      faults.plan(call, 'before');
      await expect(start(CHAIN, 'k')).rejects.toThrow();
      const [row] = (await Promise.all(['k'].map(() => start(CHAIN, 'k')))).slice(0, 1);
      await run();
      expect((await readWorkflow(ports, row ?? '')).state).toBe('SUCCEEDED');
      await expect(cancelWorkflow(claimant, row ?? '')).rejects.toMatchObject({ code: 'wrong_state' });
    },
  );

  it('cannot be read or cancelled while it is stored and nothing more', async () => {
    const { ports, state, faults, claimant, start } = makeWorld();
    faults.plan('main.send', 'before');
    await expect(start(CHAIN, 'k')).rejects.toThrow();
    const [id = ''] = [...state.workflows.keys()];
    await expect(readWorkflow(ports, id)).rejects.toMatchObject({ code: 'unknown_workflow' });
    await expect(cancelWorkflow(claimant, id)).rejects.toMatchObject({ code: 'unknown_workflow' });
    expect(state.workflows.get(id)?.cancelledAt).toBeUndefined();
  });

  it('is continued once, however often its ended task comes in', async () => {
    const { ports, state, claimant, start } = makeWorld();
    const id = await start({ kind: 'chain', steps: [{ command: 'one' }, { command: 'two' }] });
    await ports.tasks.change({
      id: `${id}.1`,
      event: 'claim',
      guard: {},
      set: { token: 't' },
      raise: ['attempt'],
    });
    const end = await claimant.settler.end({ id: `${id}.1`, event: 'succeed', guard: {}, set: {} });
    await claimant.settler.flush();
    if (!end.done) throw new Error('it did not end');
    for (let n = 0; n < 3; n += 1) expect(await continueWorkflow(claimant, end.row)).toBe(true);
    const bodies = state.messages.get('default')?.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    expect(bodies).toEqual([`${id}.1`, `${id}.2`]);
  });

  it('ends a step that cannot be fed as FAILED invalid, and says why; a redrive ends the same way', async () => {
    const { ports, claimant, run, start } = makeWorld();
    const id = await start({ kind: 'chain', steps: [{ command: 'one' }, { handler: 'two', into: 'x' }] });
    let deep: unknown = 1;
    for (let n = 0; n < 120; n += 1) deep = [deep];
    await run({ '1': result(deep) });
    const invalid = { state: 'FAILED', reason: 'invalid' };
    expect(await readWorkflow(ports, id)).toMatchObject({ state: 'FAILED', steps: [{}, invalid] });
    expect((await ports.tasks.read(`${id}.2`))?.error).toMatch(/handed does not do: args/);
    await redriveTask(claimant, `${id}.2`);
    await run();
    expect((await readWorkflow(ports, id)).steps?.[1]).toMatchObject(invalid);
  });

  it('is kept for longer when it goes on late', async () => {
    const { ports, state, run, start } = makeWorld();
    const id = await start(CHAIN);
    const workflow = await ports.workflows.read(id);
    const soon = Math.floor(state.now / 1000) + 86_400;
    if (workflow) state.workflows.set(id, { ...workflow, expiresAt: soon });
    await run();
    expect(state.workflows.get(id)?.expiresAt).toBeGreaterThan(soon + CHUNK_RETENTION_MS / 2000);
  });

  it('reads as before when the rows of its first steps are gone, and not at all when those of all are', async () => {
    const { ports, state, run, start } = makeWorld();
    const id = await start(CHAIN);
    await run();
    state.tasks.delete(`${id}.1`);
    state.tasks.delete(`${id}.2`);
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'SUCCEEDED',
      steps: [{ state: 'SUCCEEDED' }, { state: 'SUCCEEDED' }, { state: 'SUCCEEDED' }],
    });
    state.tasks.delete(`${id}.3`);
    await expect(readWorkflow(ports, id)).rejects.toMatchObject({ code: 'unknown_workflow' });
  });

  it('goes on by the judge of dead letters, before that lets the message go', async () => {
    const { ports, state, claimant, faults, start } = makeWorld();
    const id = await start(CHAIN);
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('not claimed');
    await claimant.settler.end({ id: `${id}.1`, event: 'succeed', guard: {}, set: { endedAt: state.now } });
    await claimant.settler.flush();
    faults.plan('main.send', 'before');
    await expect(judgeDeadLetter(claimant, next.received)).rejects.toThrow();
    expect(await judgeDeadLetter(claimant, next.received)).toBe('delete');
    expect((await ports.tasks.read(`${id}.2`))?.state).toBe('PENDING');
  });
});

describe('a task that is in no workflow', () => {
  it('costs not a request more, and neither does a callback', async () => {
    const { plain, claimant } = makeWorld();
    const asked: string[] = [];
    const ports = interceptPorts(plain, async (call, run) => {
      asked.push(call.name);
      return run();
    });
    for (const id of ['k-1', 'b.0.1', 'w~x.then', 'w~x.0', 'w~', 'w~x.1.2']) {
      const row = { id, state: 'SUCCEEDED' } as TaskRow;
      expect(await continueWorkflow({ ...claimant, ports }, row)).toBe(true);
    }
    expect(asked).toEqual([]);
  });
});

describe('a set', () => {
  it('calls back once, when all its members have SUCCEEDED, with what they left in their order', async () => {
    const { ports, ran, run, start } = makeWorld();
    const id = await start(setOf(3));
    expect(await readWorkflow(ports, id)).toMatchObject({
      kind: 'set',
      state: 'PENDING',
      members: { total: 3, pending: 3 },
      then: { state: 'WAITING' },
    });
    await run({ '0.2': result({ two: 2 }), '0.3': { exitCode: 0, stdout: '', stderr: '' } });
    expect(JSON.parse(ran[`${id}.then`] as string)).toEqual(['0.1\n', { two: 2 }, null]);
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'SUCCEEDED',
      members: { succeeded: 3 },
      then: { task: `${id}.then`, state: 'SUCCEEDED' },
      result: 'then\n',
    });
  });

  it('is held back by a member that FAILED, until that is redriven', async () => {
    const { ports, claimant, ran, run, start } = makeWorld();
    const id = await start(setOf(2));
    await run({ '0.1': FAILURE });
    expect(await readWorkflow(ports, id)).toMatchObject({ state: 'FAILED', then: { state: 'WAITING' } });
    await redriveTask(claimant, `${id}.0.1`);
    await run();
    expect((await readWorkflow(ports, id)).state).toBe('SUCCEEDED');
    expect(ran[`${id}.then`]).toBe('["0.1\\n","0.2\\n"]');
  });

  it('is over when a member was CANCELLED', async () => {
    const { ports, claimant, run, start } = makeWorld();
    const id = await start(setOf(2));
    await cancelTask(claimant, `${id}.0.1`);
    await run();
    expect((await readWorkflow(ports, id)).state).toBe('CANCELLED');
  });

  it('calls back with how each ended, if it is to be called even then', async () => {
    const { claimant, ran, run, start } = makeWorld();
    const id = await start(setOf(3, { evenIfFailed: true }));
    await cancelTask(claimant, `${id}.0.3`);
    await run({ '0.2': { ...FAILURE, stdout: 'half' } });
    expect(JSON.parse(ran[`${id}.then`] as string)).toEqual([
      { state: 'SUCCEEDED', result: '0.1\n' },
      { state: 'FAILED', result: 'half', reason: 'exit' },
      { state: 'CANCELLED' },
    ]);
  });

  it('waits for a member that is run again before it has called back', async () => {
    const { ports, faults, claimant, ran, run, start } = makeWorld();
    const id = await start(setOf(2, { evenIfFailed: true }));
    faults.plan('tasks.showMany', 'before');
    await run({ '0.2': FAILURE }).catch(() => {});
    expect(await ports.tasks.read(`${id}.then`)).toBeUndefined();
    await redriveTask(claimant, `${id}.0.2`);
    await run();
    expect(JSON.parse(ran[`${id}.then`] as string)).toMatchObject([
      { state: 'SUCCEEDED' },
      { state: 'SUCCEEDED', result: '0.2\n' },
    ]);
  });

  it('fails its callback when there is more than it can be handed', async () => {
    const { ports, state, run, start } = makeWorld();
    const id = await start(setOf(5));
    const large = result('x'.repeat(MAX_FED_BYTES / 4));
    await run({ '0.1': large, '0.2': large, '0.3': large, '0.4': large });
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'FAILED',
      then: { state: 'FAILED', reason: 'invalid' },
    });
    expect(state.tasks.get(`${id}.then`)?.error).toMatch(/more than the 1048576 bytes/);
  });

  it('hands null on for a member whose row is gone', async () => {
    const { state, claimant, ran, run, start } = makeWorld();
    const id = await start(setOf(2));
    await run({ '0.2': FAILURE });
    state.tasks.delete(`${id}.0.1`);
    await redriveTask(claimant, `${id}.0.2`);
    await run();
    expect(ran[`${id}.then`]).toBe('[null,"0.2\\n"]');
  });
});

describe('the cancel of a workflow', () => {
  it('cancels the step that waits, and those behind it never come', async () => {
    const { ports, state, claimant, run, start } = makeWorld();
    const id = await start(CHAIN);
    await cancelWorkflow(claimant, id);
    await cancelWorkflow(claimant, id);
    await run();
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'CANCELLED',
      cancelRequested: true,
      steps: [{ state: 'CANCELLED' }, { state: 'WAITING' }, { state: 'WAITING' }],
    });
    expect(state.messages.get('default')).toEqual([]);
  });

  it('asks the step that runs to end; should that succeed, the next one is CANCELLED instead of run', async () => {
    const { ports, claimant, run, start, ran } = makeWorld();
    const id = await start(CHAIN);
    await workOff(claimant, () => result(1)).catch(() => {});
    const other = await start(CHAIN);
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('not claimed');
    await cancelWorkflow(claimant, other);
    expect((await ports.tasks.read(`${other}.1`))?.cancelRequested).toBe(true);
    expect((await readWorkflow(ports, other)).state).toBe('RUNNING');
    const end = await claimant.settler.end({ id: `${other}.1`, event: 'succeed', guard: {}, set: {} });
    await claimant.settler.flush();
    if (!end.done) throw new Error('it did not end');
    expect(await continueWorkflow(claimant, end.row)).toBe(true);
    await run();
    expect(ran).not.toHaveProperty([`${other}.2`]);
    expect(await readWorkflow(ports, other)).toMatchObject({
      state: 'CANCELLED',
      steps: [{ state: 'SUCCEEDED' }, { state: 'CANCELLED' }, { state: 'WAITING' }],
    });
    await expect(cancelWorkflow(claimant, id)).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('meets a message that was sent for the next step before it had a row', async () => {
    const { ports, state, faults, claimant, run, start, ran } = makeWorld();
    const id = await start(CHAIN);
    const next = await claimNext(claimant);
    const end = await claimant.settler.end({ id: `${id}.1`, event: 'succeed', guard: {}, set: {} });
    await claimant.settler.flush();
    if (!end.done || !next) throw new Error('it did not end');
    faults.plan('tasks.change', 'before');
    await expect(continueWorkflow(claimant, end.row)).rejects.toThrow();
    expect(state.messages.get('default')).toHaveLength(2);
    await cancelWorkflow(claimant, id);
    await ports.messages.main('default').setVisibility([{ receipt: next.received.receipt, seconds: 0 }]);
    await run();
    expect(ran).toEqual({});
    expect(state.messages.get('default')).toEqual([]);
    expect((await readWorkflow(ports, id)).state).toBe('CANCELLED');
  });

  it('cancels the members of a set that have not ended, and its callback', async () => {
    const { ports, state, claimant, run, start } = makeWorld();
    const id = await start(setOf(40));
    const first = await claimNext(claimant);
    expect(first?.claim.kind).toBe('run');
    await cancelWorkflow(claimant, id);
    expect(await readWorkflow(ports, id)).toMatchObject({
      state: 'RUNNING',
      members: { cancelled: 39 },
      then: { state: 'WAITING' },
    });
    state.now += 70_000; // its worker is never heard of again
    await run();
    expect(await readWorkflow(ports, id)).toMatchObject({ state: 'CANCELLED', members: { cancelled: 40 } });
    expect(state.messages.get('default')).toEqual([]);
  });

  it('cancels the callback of a set that is complete', async () => {
    const { ports, claimant, start, run } = makeWorld();
    const id = await start(setOf(1));
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('not claimed');
    const end = await claimant.settler.end({ id: `${id}.0.1`, event: 'succeed', guard: {}, set: {} });
    await claimant.settler.flush();
    if (!end.done) throw new Error('it did not end');
    await continueWorkflow(claimant, end.row);
    expect((await ports.tasks.read(`${id}.then`))?.state).toBe('PENDING');
    await cancelWorkflow(claimant, id);
    await run();
    expect(await readWorkflow(ports, id)).toMatchObject({ state: 'CANCELLED', then: { state: 'CANCELLED' } });
  });
});
