import { describe, expect, it } from 'vitest';
import { claimTask, type ClaimOutcome } from '../../src/core/claim.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import type { InvalidMessage, TaskMessage } from '../../src/core/envelope.ts';
import { CLOCK_SKEW_MS, ROW_RETENTION_MS } from '../../src/core/limits.ts';
import type { QueueControl } from '../../src/core/queue-control.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { FaultPlan, interceptPorts, type Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';
import type { MemoryState } from '../fakes/memory-state.ts';

const QUEUE = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 3 });
const OPEN: QueueControl = { paused: false, purgedBefore: 0, cancels: 0 };
const PURGED: QueueControl = { ...OPEN, purgedBefore: START + 1 };

const MESSAGE: TaskMessage = {
  kind: 'task',
  id: 't1',
  at: START,
  hash: 'h',
  content: { task: { command: 'true' } },
  spec: { command: 'true' },
};
const INVALID: InvalidMessage = {
  kind: 'invalid',
  id: 't1',
  at: START,
  hash: 'h',
  content: { body: '{"' },
  detail: 'bad',
};

const PENDING: TaskRow = {
  id: 't1',
  queue: 'default',
  state: 'PENDING',
  hash: 'h',
  createdAt: START,
  maxAttempts: 3,
  attempt: 0,
  failures: 0,
};
const running = (more: Partial<TaskRow> = {}): TaskRow => ({
  ...PENDING,
  state: 'RUNNING',
  attempt: 1,
  token: 'theirs',
  worker: 'w0',
  lease: START + 60_000,
  ...more,
});
const expired = (more: Partial<TaskRow> = {}) => running({ lease: START - CLOCK_SKEW_MS - 1, ...more });
const failed = (more: Partial<TaskRow> = {}): TaskRow => ({
  ...PENDING,
  state: 'FAILED',
  attempt: 3,
  failures: 3,
  reason: 'exit',
  exitCode: 1,
  endedAt: START,
  expiresAt: START / 1000 + 1000,
  stamp: { ledger: 'L', n: 1 },
  ...more,
});

interface World {
  claimant: Claimant;
  state: MemoryState;
}

function makeWorld(row?: TaskRow, intercept?: Intercept): World {
  const { ports: plain, state } = makeMemoryPorts([QUEUE]);
  const ports = intercept ? interceptPorts(plain, intercept) : plain;
  if (row) state.tasks.set(row.id, row);
  return {
    state,
    claimant: { ports, definition: QUEUE, worker: 'w1', settler: new Settler(ports, 'default', 90_000) },
  };
}

async function claim(
  row: TaskRow | undefined,
  message: TaskMessage | InvalidMessage = MESSAGE,
  control = OPEN,
): Promise<World & { outcome: ClaimOutcome; after: TaskRow | undefined }> {
  const world = makeWorld(row);
  const outcome = await claimTask(world.claimant, message, control);
  return { ...world, outcome, after: world.state.tasks.get('t1') };
}

describe('a message whose task may run', () => {
  it('makes the row of a task that has none', async () => {
    const { outcome, after } = await claim(undefined);
    expect(outcome.kind).toBe('run');
    expect(after).toEqual({
      ...PENDING,
      state: 'RUNNING',
      attempt: 1,
      program: { command: 'true' },
      token: (outcome as { token: string }).token,
      lease: START + 60_000,
      startedAt: START,
      worker: 'w1',
    });
  });

  it('starts the next attempt of a PENDING one, without what the last one left', async () => {
    const left = {
      exitCode: 1,
      reason: 'exit',
      stdout: 'x',
      result: '1',
      notBefore: START,
      outputOf: 1,
    } as const;
    const { outcome, after } = await claim({ ...PENDING, attempt: 1, failures: 1, ...left });
    expect(outcome.kind).toBe('run');
    expect(after).toMatchObject({ state: 'RUNNING', attempt: 2, failures: 1 });
    for (const field of Object.keys(left)) expect(after).not.toHaveProperty(field);
  });

  it('tells when it asks for the lease, which is counted from there: of a takeover the second request', async () => {
    const asked: number[] = [];
    const { claimant, state } = makeWorld(expired({ failures: 1 }), async (_call, run) => {
      state.now += 4000;
      return run();
    });
    await claimTask({ ...claimant, asking: () => void asked.push(state.now) }, MESSAGE, OPEN);
    expect(asked).toEqual([START, START + 4000]);
    expect(state.tasks.get('t1')?.lease).toBe(START + 64_000);
  });

  it('takes an attempt over whose lease has passed by more than the clocks may differ, as a failure', async () => {
    const { outcome, after } = await claim(expired({ failures: 1 }));
    expect(outcome.kind).toBe('run');
    expect(after).toMatchObject({
      state: 'RUNNING',
      attempt: 2,
      failures: 2,
      worker: 'w1',
      lease: START + 60_000,
    });
    expect(after?.token).not.toBe('theirs');
  });

  it('makes a FAILED one run again when it says that it redrives that very attempt', async () => {
    const { outcome, after } = await claim(failed(), { ...MESSAGE, redriveOf: 3, redrivenAt: START });
    expect(outcome.kind).toBe('run');
    expect(after).toMatchObject({ state: 'RUNNING', attempt: 4, failures: 0, countedAs: 'FAILED' });
    for (const field of ['stamp', 'endedAt', 'expiresAt', 'reason', 'exitCode'])
      expect(after).not.toHaveProperty(field);
  });

  it('goes on when its own claim was carried out, and the repetition of the request refused', async () => {
    const doubling: Intercept = async (call, run) => {
      if (call.name === 'tasks.change') await run();
      return run();
    };
    const { claimant, state } = makeWorld(undefined, doubling);
    const outcome = await claimTask(claimant, MESSAGE, OPEN);
    expect(outcome).toMatchObject({ kind: 'run', token: state.tasks.get('t1')?.token });
    expect(state.tasks.get('t1')?.attempt).toBe(1);
  });

  it('is left alone when the outcome of the claim is unknown', async () => {
    const { claimant } = makeWorld(undefined, new FaultPlan().plan('tasks.change', 'after').intercept);
    await expect(claimTask(claimant, MESSAGE, OPEN)).rejects.toThrow('no answer');
  });
});

describe('a message that has to wait', () => {
  it.each<[string, TaskRow | undefined, TaskMessage, number]>([
    ['is not due', undefined, { ...MESSAGE, notBefore: START + 1500 }, 1500],
    ['waits for the back-off of its row', { ...PENDING, notBefore: START + 7000 }, MESSAGE, 7000],
    ['is due in less than a moment', { ...PENDING, notBefore: START + 1 }, MESSAGE, 1000],
    ['meets a live lease', running(), MESSAGE, 65_001],
    [
      'meets a lease that ended, by less than the clocks may differ',
      running({ lease: START - CLOCK_SKEW_MS }),
      MESSAGE,
      1,
    ],
  ])('%s', async (_what, row, message, ms) => {
    const { outcome, after } = await claim(row, message);
    expect(outcome).toMatchObject({ kind: 'wait', ms });
    expect(after).toEqual(row);
  });

  it('meets an end that is not counted yet', async () => {
    const { outcome } = await claim(failed());
    expect(outcome).toMatchObject({ kind: 'wait', why: 'its end is not counted yet' });
  });

  it.each<[string, TaskRow]>([
    ['another worker has taken it over', running({ attempt: 2, token: 'faster' })],
    ['its holder has renewed it', expired({ lease: START + 60_000 })],
    ['another attempt has come and gone', expired({ attempt: 2, token: 'faster' })],
  ])('loses a race for an expired lease: %s', async (_what, meanwhile) => {
    const { claimant, state } = makeWorld(expired(), async (call, run) => {
      const isTakeOver = (call.args[0] as { event?: string }).event === 'takeOver';
      if (isTakeOver) state.tasks.set('t1', meanwhile);
      return run();
    });
    expect(await claimTask(claimant, MESSAGE, OPEN)).toMatchObject({ kind: 'wait' });
    expect(state.tasks.get('t1')).toEqual(meanwhile);
  });
});

describe('a message that owes nothing', () => {
  it.each<[string, TaskRow | undefined, TaskMessage | InvalidMessage]>([
    ['of another content', { ...PENDING, hash: 'other' }, MESSAGE],
    ['of another content, for a task that runs', running({ hash: 'other' }), MESSAGE],
    [
      'of another content, for a task that has failed',
      failed({ hash: 'other' }),
      { ...MESSAGE, redriveOf: 3 },
    ],
    [
      'of a task that ended so long ago that its row is gone',
      undefined,
      { ...MESSAGE, at: START - ROW_RETENTION_MS },
    ],
    [
      'that is invalid, of a task that ended long ago',
      undefined,
      { ...INVALID, at: START - ROW_RETENTION_MS },
    ],
  ])('%s is to be deleted, and changes nothing', async (_what, row, message) => {
    const { outcome, after } = await claim(row, message);
    expect(outcome.kind).toBe('delete');
    expect(after).toEqual(row);
  });

  it.each<[string, Partial<TaskMessage>]>([
    ['that names no attempt', {}],
    ['that redrives an attempt before', { redriveOf: 2 }],
  ])('%s leaves a FAILED row whose end is counted as it is', async (_what, more) => {
    const { claimant, state } = makeWorld(failed());
    await claimant.ports.ledgers.advance({
      queue: 'default',
      ledger: 'L',
      from: 0,
      seq: 1,
      totals: { SUCCEEDED: 0, FAILED: 1, CANCELLED: 0 },
      batches: {},
      at: 0,
    });
    expect(await claimTask(claimant, { ...MESSAGE, ...more }, OPEN)).toMatchObject({ kind: 'delete' });
    expect(state.tasks.get('t1')).toEqual(failed());
  });

  it('is counted first, when the process that recorded the end has left it', async () => {
    const { claimant, state } = makeWorld(failed({ endedAt: START - 90_000 }));
    expect(await claimTask(claimant, MESSAGE, OPEN)).toMatchObject({ kind: 'delete' });
    expect(state.tasks.get('t1')?.stamp?.ledger).toBe(
      claimant.settler.uncounted === 0 ? [...state.ledgers.values()][1]?.ledger : '',
    );
    expect([...state.ledgers.values()].map(({ totals }) => totals.FAILED)).toEqual([0, 1]);
  });
});

describe('a message whose task is ended without a run', () => {
  it.each<[string, TaskRow | undefined, TaskMessage | InvalidMessage, QueueControl, Partial<TaskRow>]>([
    ['purged before it had a row', undefined, MESSAGE, PURGED, { state: 'CANCELLED', attempt: 0 }],
    ['purged while it waited', PENDING, MESSAGE, PURGED, { state: 'CANCELLED' }],
    ['purged, though it is invalid', undefined, INVALID, PURGED, { state: 'CANCELLED' }],
    ['purged after its worker died', expired(), MESSAGE, PURGED, { state: 'CANCELLED', attempt: 1 }],
    [
      'with a cancel request, handed back',
      { ...PENDING, cancelRequested: true },
      MESSAGE,
      OPEN,
      { state: 'CANCELLED' },
    ],
    [
      'with a cancel request, its worker dead',
      expired({ cancelRequested: true }),
      MESSAGE,
      OPEN,
      { state: 'CANCELLED' },
    ],
    ['not understood', undefined, INVALID, OPEN, { state: 'FAILED', reason: 'invalid', error: 'bad' }],
    ['not understood, its row made before', PENDING, INVALID, OPEN, { state: 'FAILED', reason: 'invalid' }],
    [
      'lost with its last attempt',
      expired({ failures: 2 }),
      MESSAGE,
      OPEN,
      { state: 'FAILED', reason: 'lost', failures: 3 },
    ],
  ])('%s', async (_what, row, message, control, expected) => {
    const { outcome, after, claimant } = await claim(row, message, control);
    expect(outcome.kind).toBe('ended');
    expect(after).toMatchObject({ ...expected, queue: 'default', createdAt: START, endedAt: START });
    expect(after).not.toHaveProperty('token');
    expect(after).not.toHaveProperty('lease');
    await claimant.settler.flush();
    expect(await (outcome as { counted: Promise<boolean> }).counted).toBe(true);
  });

  it('keeps its body when it fails, so that a redrive finds it', async () => {
    const { state } = await claim(undefined, INVALID);
    expect(state.payloads.get('t1')).toBe('{"body":"{\\""}');
  });

  it('is not purged when it was redriven after the purge', async () => {
    const { outcome } = await claim(failed(), { ...MESSAGE, redriveOf: 3, redrivenAt: START + 1 }, PURGED);
    expect(outcome.kind).toBe('run');
  });

  it('is not purged by a message that was sent before its redrive', async () => {
    const redriven: TaskRow = { ...PENDING, attempt: 3, countedAs: 'FAILED' };
    const old = await claim(redriven, MESSAGE, PURGED);
    expect([old.outcome.kind, old.after]).toEqual(['wait', redriven]);
    const { outcome } = await claim(redriven, { ...MESSAGE, redriveOf: 3, redrivenAt: START }, PURGED);
    expect(outcome.kind).toBe('ended'); // redriven before the purge
  });

  it('is left alone by a purge while its lease is alive', async () => {
    const { outcome, after } = await claim(running(), MESSAGE, PURGED);
    expect(outcome.kind).toBe('wait');
    expect(after).toEqual(running());
  });
});
