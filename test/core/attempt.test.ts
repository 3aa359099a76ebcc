import { describe, expect, it } from 'vitest';
import {
  beat,
  cancelAttempt,
  finishAttempt,
  handBack,
  type Attempt,
  type Outcome,
} from '../../src/core/attempt.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { judgeDeadLetter } from '../../src/core/dead-letter.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { MAX_STATE_ITEM_BYTES } from '../../src/core/limits.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import { Settler } from '../../src/core/settle.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';
import { claimNext, FAILURE, SUCCESS } from '../fakes/memory-worker.ts';

const QUEUE = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 3 });

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts([QUEUE]);
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const claimant = { ports, definition: QUEUE, worker: 'w1', settler: new Settler(ports, 'default', 90_000) };
  const row = (id: string) => state.tasks.get(id);
  const start = async (spec: object = {}): Promise<Attempt> => {
    await enqueueTask(plain, QUEUE, { command: 'true', ...spec });
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('the task was not claimed');
    return next.claim;
  };
  return { ports, state, faults, claimant, row, start };
}

describe('an attempt', () => {
  it('that succeeds ends its task, without lease and token, to be forgotten in 30 days', async () => {
    const { claimant, start, row } = makeWorld();
    const attempt = await start();
    const end = await finishAttempt(claimant, attempt, { ...SUCCESS, stdout: 'hi', result: '[1]' });
    expect(end.kind).toBe('ended');
    expect(row(attempt.row.id)).toMatchObject({
      state: 'SUCCEEDED',
      exitCode: 0,
      stdout: 'hi',
      result: '[1]',
      endedAt: START,
    });
    expect(row(attempt.row.id)?.expiresAt).toBe(START / 1000 + 30 * 86_400);
    for (const field of ['token', 'lease']) expect(row(attempt.row.id)).not.toHaveProperty(field);
  });

  it.each([
    ['succeeds', { ...SUCCESS, ranMs: 1499.6 }, finishAttempt, 500],
    ['fails and is tried again', { ...FAILURE, ranMs: 1500 }, finishAttempt, 500],
    ['is cancelled', { ...SUCCESS, ranMs: 1500 }, cancelAttempt, 500],
    ['ran longer, by another clock, than it was claimed', { ...SUCCESS, ranMs: 9000 }, finishAttempt, 0],
    ['ran nobody knows how long', SUCCESS, finishAttempt, 0],
  ] as const)('that %s: its row says when its program started', async (_how, outcome, finish, after) => {
    const { claimant, start, row, state } = makeWorld();
    const attempt = await start();
    expect(attempt.row.startedAt).toBe(START);
    state.now += 2000;
    await finish(claimant, attempt, outcome);
    expect(row(attempt.row.id)?.startedAt).toBe(START + after);
  });

  it('that fails is tried again after a back-off, until its failures are used up', async () => {
    const { claimant, start, row, state } = makeWorld();
    const first = await start({ maxAttempts: 2 });
    const { id } = first.row;
    expect(await finishAttempt(claimant, first, FAILURE)).toEqual({ kind: 'again', ms: 1000 });
    expect(row(id)).toMatchObject({ state: 'PENDING', failures: 1, reason: 'exit', notBefore: START + 1000 });
    state.now += 60_000;
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('the task was not claimed');
    expect((await finishAttempt(claimant, next.claim, FAILURE)).kind).toBe('ended');
    expect(row(id)).toMatchObject({ state: 'FAILED', failures: 2, attempt: 2, reason: 'exit', exitCode: 1 });
    expect(state.payloads.has(id)).toBe(true);
  });

  it('whose cancel came too late for a beat waits for no back-off when it fails: the next claim ends it', async () => {
    const { claimant, start, state } = makeWorld();
    const attempt = await start();
    await cancelTask(claimant, attempt.row.id);
    expect(await finishAttempt(claimant, attempt, FAILURE)).toEqual({ kind: 'again', ms: 0 });
    for (const message of state.messages.get('default') ?? []) message.visibleAt = state.now;
    const next = await claimNext(claimant);
    expect(next?.claim).toMatchObject({ kind: 'ended', row: { state: 'CANCELLED', attempt: 1 } });
  });

  it('that fails for good is not tried again, and what it ran is kept', async () => {
    const { claimant, start, row, state } = makeWorld();
    const attempt = await start({ maxAttempts: 5 });
    const failure = { reason: 'invalid', error: 'x: expected number', isFinal: true } as const;
    expect(await finishAttempt(claimant, attempt, { failure, stdout: '', stderr: '' })).toMatchObject({
      kind: 'ended',
    });
    const { id } = attempt.row;
    expect(row(id)).toMatchObject({
      state: 'FAILED',
      failures: 1,
      reason: 'invalid',
      error: 'x: expected number',
    });
    expect(state.payloads.get(id)).toBeDefined();
  });

  it('that is handed back counts no failure', async () => {
    const { claimant, start, row } = makeWorld();
    const attempt = await start();
    expect(await handBack(claimant, attempt)).toEqual({ kind: 'again', ms: 0 });
    expect(row(attempt.row.id)).toMatchObject({ state: 'PENDING', attempt: 1, failures: 0 });
  });

  it.each<[string, (world: ReturnType<typeof makeWorld>, attempt: Attempt) => Promise<unknown>]>([
    ['finish', ({ claimant }, attempt) => finishAttempt(claimant, attempt, SUCCESS)],
    ['fail', ({ claimant }, attempt) => finishAttempt(claimant, attempt, FAILURE)],
    ['hand back', ({ claimant }, attempt) => handBack(claimant, attempt)],
    ['cancel', ({ claimant }, attempt) => cancelAttempt(claimant, attempt, SUCCESS)],
    ['beat', ({ claimant }, attempt) => beat(claimant, attempt, undefined)],
  ])('that has lost its lease to another cannot %s: the row is not touched', async (_what, act) => {
    const world = makeWorld();
    const attempt = await world.start();
    world.state.now += 66_000;
    await claimNext(world.claimant);
    const before = world.row(attempt.row.id);
    expect(before).toMatchObject({ attempt: 2, failures: 1 });
    const said = await act(world, attempt);
    expect([said, (said as { kind?: string }).kind]).toContain('lost');
    expect(world.row(attempt.row.id)).toEqual(before);
  });

  it('keeps the lease of its latest beat when an earlier one that was given up takes effect after it', async () => {
    const { ports: plain, state } = makeMemoryPorts([QUEUE]);
    const beats: (() => Promise<unknown>)[] = [];
    const ports = interceptPorts(plain, (call, run) => {
      const isBeat = call.name === 'tasks.change' && (call.args[0] as { event: string }).event === 'beat';
      if (isBeat) beats.push(run);
      return run();
    });
    const settler = new Settler(ports, 'default', 90_000);
    const claimant = { ports, definition: QUEUE, worker: 'w1', settler };
    const { row } = await enqueueTask(plain, QUEUE, { command: 'true' });
    const next = await claimNext(claimant);
    if (next?.claim.kind !== 'run') throw new Error('the task was not claimed');
    await beat(claimant, next.claim, undefined);
    state.now += 20_000;
    await beat(claimant, next.claim, undefined);
    await beats[0]?.();
    expect(state.tasks.get(row.id)?.lease).toBe(START + 80_000);
    state.now -= 10_000; // a clock that is set back does not lose it
    expect(await beat(claimant, next.claim, undefined)).toBe('renewed');
  });

  it('beats to renew its lease, tells its progress, and hears of a cancel request', async () => {
    const { claimant, start, row, state } = makeWorld();
    const attempt = await start();
    state.now += 20_000;
    expect(await beat(claimant, attempt, { percent: 40, message: 'm' })).toBe('renewed');
    expect(row(attempt.row.id)).toMatchObject({ lease: START + 80_000, progress: { percent: 40 } });
    await cancelTask(claimant, attempt.row.id);
    expect(await beat(claimant, attempt, undefined)).toBe('cancel');
    expect((await cancelAttempt(claimant, attempt, SUCCESS)).kind).toBe('ended');
    expect(row(attempt.row.id)?.state).toBe('CANCELLED');
    expect(row(attempt.row.id)).not.toHaveProperty('cancelRequested');
  });

  it('keeps long output apart, before its end, so that the state item stays within one write unit', async () => {
    const { claimant, start, row, state, faults } = makeWorld();
    const attempt = await start();
    const long: Outcome = { ...SUCCESS, stdout: 'x'.repeat(2000), result: '"y"' };
    await finishAttempt(claimant, attempt, long);
    const names = faults.calls.map(({ name }) => name);
    expect(names.indexOf('tasks.writeOutput')).toBeLessThan(names.lastIndexOf('tasks.change'));
    expect(state.outputs.get(attempt.row.id)).toEqual({
      attempt: 1,
      stdout: long.stdout,
      stderr: '',
      result: '"y"',
    });
    expect(row(attempt.row.id)?.outputOf).toBe(1);
    expect(JSON.stringify(row(attempt.row.id)).length).toBeLessThan(MAX_STATE_ITEM_BYTES);
  });

  it('keeps what it ran before its failure is recorded, so that a redrive needs no message', async () => {
    const { claimant, start, faults } = makeWorld();
    const attempt = await start({ maxAttempts: 1 });
    faults.plan('tasks.change', 'before');
    await expect(finishAttempt(claimant, attempt, FAILURE)).rejects.toThrow('no answer');
    const names = faults.calls.map(({ name }) => name);
    expect(names.indexOf('tasks.writePayload')).toBeGreaterThan(-1);
    expect(names.indexOf('tasks.writePayload')).toBeLessThan(names.lastIndexOf('tasks.change'));
  });
});

describe('redriveTask', () => {
  it('sends its message before it takes the row out of FAILED: a crash between loses nothing', async () => {
    const { claimant, start, faults, row, state } = makeWorld();
    const attempt = await start({ maxAttempts: 1 });
    await finishAttempt(claimant, attempt, FAILURE);
    await claimant.settler.flush();
    state.messages.get('default')?.splice(0);
    faults.plan('tasks.change', 'before');
    await expect(redriveTask(claimant, attempt.row.id)).rejects.toThrow('no answer');
    expect(row(attempt.row.id)?.state).toBe('FAILED');
    expect((await claimNext(claimant))?.claim.kind).toBe('run');
    expect(row(attempt.row.id)).toMatchObject({
      state: 'RUNNING',
      attempt: 2,
      failures: 0,
      countedAs: 'FAILED',
    });
  });

  it('done twice makes it run once', async () => {
    const { claimant, start, row, state } = makeWorld();
    const attempt = await start({ maxAttempts: 1 });
    await finishAttempt(claimant, attempt, FAILURE);
    await claimant.settler.flush();
    state.messages.get('default')?.splice(0);
    await Promise.all([redriveTask(claimant, attempt.row.id), redriveTask(claimant, attempt.row.id)]);
    expect(state.messages.get('default')).toHaveLength(2);
    expect((await claimNext(claimant))?.claim.kind).toBe('run');
    expect((await claimNext(claimant))?.claim.kind).toBe('wait');
    expect(row(attempt.row.id)?.attempt).toBe(2);
  });
});

describe('redriveTask of an end that its process never counted', () => {
  it('counts it, and has the task read as PENDING at once', async () => {
    const { claimant, ports, row, start, state } = makeWorld();
    const attempt = await start({ maxAttempts: 1 });
    await finishAttempt(claimant, attempt, FAILURE);
    state.now += 100_000;
    const api = { ...claimant, ports, settler: new Settler(ports, 'default', 90_000) };
    expect(await redriveTask(api, attempt.row.id)).toMatchObject({ state: 'PENDING', failures: 0 });
    expect(row(attempt.row.id)?.state).toBe('PENDING');
  });
});

describe('judgeDeadLetter', () => {
  async function received(world: ReturnType<typeof makeWorld>) {
    const [message] = world.state.messages.get('default') ?? [];
    if (!message) throw new Error('there is no message');
    const { messageId, body, version, sentAt, tenant } = message;
    return { messageId, body, version, sentAt, tenant, receipt: 'r' };
  }
  const copies = (world: ReturnType<typeof makeWorld>) =>
    (world.state.messages.get('default')?.length ?? 0) - 1;

  it('lets a message stay whose task runs under a live lease', async () => {
    const world = makeWorld();
    await world.start();
    expect(await judgeDeadLetter(world.claimant, await received(world))).toBe('stay');
    expect(copies(world)).toBe(0);
  });

  it('sends a fresh copy when attempts are left, and then lets the message go', async () => {
    const world = makeWorld();
    await world.start();
    world.state.now += 66_000;
    expect(await judgeDeadLetter(world.claimant, await received(world))).toBe('delete');
    expect(copies(world)).toBe(1);
    expect(world.state.messages.get('default')?.[1]?.body).toBe(
      world.state.messages.get('default')?.[0]?.body,
    );
  });

  it('records as lost what has died with its last attempt', async () => {
    const world = makeWorld();
    const { row } = await world.start({ maxAttempts: 1 });
    world.state.now += 66_000;
    expect(await judgeDeadLetter(world.claimant, await received(world))).toBe('delete');
    expect(world.row(row.id)).toMatchObject({ state: 'FAILED', reason: 'lost', failures: 1 });
    expect(world.state.payloads.has(row.id)).toBe(true);
    expect(copies(world)).toBe(0);
  });

  it('settles a task that has ended, and only then lets its message go', async () => {
    const world = makeWorld();
    const attempt = await world.start();
    await finishAttempt(world.claimant, attempt, SUCCESS);
    const other = { ...world.claimant, settler: new Settler(world.ports, 'default', 90_000) };
    expect(await judgeDeadLetter(other, await received(world))).toBe('stay');
    await world.claimant.settler.flush();
    expect(await judgeDeadLetter(other, await received(world))).toBe('delete');
  });

  it('sends a message on that nobody has understood, so that a worker records it as invalid', async () => {
    const world = makeWorld();
    await world.ports.messages.main('default').send([{ body: '{"nope' }]);
    expect(await judgeDeadLetter(world.claimant, await received(world))).toBe('delete');
    world.state.messages.get('default')?.shift();
    expect((await claimNext(world.claimant))?.claim.kind).toBe('ended');
    expect([...world.state.tasks.values()]).toMatchObject([{ state: 'FAILED', reason: 'invalid' }]);
  });
});
