import { describe, expect, it } from 'vitest';
import {
  isTerminal,
  TASK_EVENTS,
  TASK_STATES,
  type StateBefore,
  type TaskEvent,
} from '../../src/core/task-states.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { transition, type Guard, type TaskChange } from '../../src/core/transition.ts';

const ROW: TaskRow = {
  id: 't1',
  queue: 'default',
  state: 'RUNNING',
  hash: 'h',
  createdAt: 1000,
  maxAttempts: 3,
  attempt: 2,
  failures: 1,
  token: 'tok',
  lease: 5000,
  notBefore: 3000,
  stamp: { ledger: 'L', n: 4 },
};

const inState = (state: StateBefore): TaskRow | undefined =>
  state === 'none' ? undefined : { ...ROW, state };
const change = (event: TaskEvent, more: Partial<TaskChange> = {}): TaskChange => ({
  id: 't1',
  event,
  guard: {},
  set: {},
  ...more,
});

/** What each event makes of each state; a state that is not named refuses the event. */
const TABLE: Record<TaskEvent, Partial<Record<StateBefore, string>>> = {
  enqueue: { none: 'PENDING' },
  claim: { none: 'RUNNING', PENDING: 'RUNNING' },
  takeOver: { RUNNING: 'RUNNING' },
  rerun: { FAILED: 'RUNNING' },
  beat: { RUNNING: 'RUNNING' },
  retry: { RUNNING: 'PENDING' },
  handBack: { RUNNING: 'PENDING' },
  succeed: { RUNNING: 'SUCCEEDED' },
  fail: { none: 'FAILED', PENDING: 'FAILED', RUNNING: 'FAILED' },
  cancel: { none: 'CANCELLED', PENDING: 'CANCELLED', RUNNING: 'CANCELLED' },
  requestCancel: { RUNNING: 'RUNNING' },
  redrive: { FAILED: 'PENDING' },
  restamp: { SUCCEEDED: 'SUCCEEDED', FAILED: 'FAILED', CANCELLED: 'CANCELLED' },
};

describe('every event in every state', () => {
  const cases = (Object.keys(TASK_EVENTS) as TaskEvent[]).flatMap((event) =>
    (['none', ...TASK_STATES] as const).map(
      (state) => [event, state, TABLE[event][state] ?? 'refused'] as const,
    ),
  );

  it.each(cases)('%s in %s is %s', (event, state, expected) => {
    const after = transition(inState(state), change(event, { set: { queue: 'default' } }));
    expect(after?.state ?? 'refused').toBe(expected);
  });

  it('SUCCEEDED and CANCELLED are left by no event', () => {
    for (const state of ['SUCCEEDED', 'CANCELLED'] as const) {
      for (const event of Object.keys(TASK_EVENTS) as TaskEvent[]) {
        expect(transition(inState(state), change(event))?.state ?? state, event).toBe(state);
      }
    }
  });

  it('FAILED is left by redrive and rerun alone', () => {
    const leaving = (Object.keys(TASK_EVENTS) as TaskEvent[]).filter((event) => {
      const after = transition(inState('FAILED'), change(event));
      return after && after.state !== 'FAILED';
    });
    expect(leaving.sort()).toEqual(['redrive', 'rerun']);
  });
});

describe('a guard', () => {
  const holds = (guard: Guard, row = ROW) => transition(row, change('beat', { guard })) !== undefined;
  const { token: _token, notBefore: _notBefore, lease: _lease, ...bare } = ROW;

  it.each<[string, Guard, boolean]>([
    ['its attempt', { attempt: 2 }, true],
    ['another attempt', { attempt: 1 }, false],
    ['its token', { token: 'tok' }, true],
    ['another token', { token: 'other' }, false],
    ['no token, though it has one', { token: null }, false],
    ['its stamp', { stamp: { ledger: 'L', n: 4 } }, true],
    ['another place in its ledger', { stamp: { ledger: 'L', n: 5 } }, false],
    ['another ledger', { stamp: { ledger: 'M', n: 4 } }, false],
    ['its content', { hash: 'h' }, true],
    ['another content', { hash: 'g' }, false],
    ['a lease that ended before', { leaseBefore: 5001 }, true],
    ['a lease that ends at that very ms', { leaseBefore: 5000 }, false],
    ['due at that very ms', { dueBy: 3000 }, true],
    ['not yet due', { dueBy: 2999 }, false],
    ['no cancel request', { noCancelRequest: true }, true],
  ])('on %s', (_what, guard, expected) => {
    expect(holds(guard)).toBe(expected);
  });

  it('on what a row does not have', () => {
    expect(holds({ token: null }, bare)).toBe(true);
    expect(holds({ token: 'tok' }, bare)).toBe(false);
    expect(holds({ leaseBefore: 1e15 }, bare)).toBe(false);
    expect(holds({ dueBy: 0 }, bare)).toBe(true);
    expect(holds({ noCancelRequest: true }, { ...ROW, cancelRequested: true })).toBe(false);
  });

  it('does not stand in the way of a row that is to be born', () => {
    expect(transition(undefined, change('claim', { guard: { hash: 'h', attempt: 9 } }))?.state).toBe(
      'RUNNING',
    );
  });
});

describe('a change', () => {
  it('sets, raises and clears, and leaves the rest', () => {
    const after = transition(
      ROW,
      change('takeOver', {
        set: { token: 'new' },
        raise: ['attempt', 'failures'],
        clear: ['notBefore', 'stamp'],
      }),
    );
    const { notBefore: _notBefore, stamp: _stamp, ...rest } = ROW;
    expect(after).toEqual({ ...rest, token: 'new', attempt: 3, failures: 2 });
  });

  it('gives a new row its counters and its id', () => {
    expect(transition(undefined, change('claim', { set: { queue: 'q' }, raise: ['attempt'] }))).toEqual({
      id: 't1',
      queue: 'q',
      state: 'RUNNING',
      attempt: 1,
      failures: 0,
    });
  });

  it('may narrow the states of its event, and never widen them', () => {
    expect(transition(undefined, change('claim', { from: ['PENDING'] }))).toBeUndefined();
    expect(transition(inState('SUCCEEDED'), change('claim', { from: ['SUCCEEDED'] }))).toBeUndefined();
  });

  it('does not touch the row that it was given', () => {
    const before = structuredClone(ROW);
    transition(ROW, change('takeOver', { raise: ['attempt'], clear: ['token'] }));
    expect(ROW).toEqual(before);
  });
});

describe('isTerminal', () => {
  it.each([
    ['none', false],
    ['PENDING', false],
    ['RUNNING', false],
    ['SUCCEEDED', true],
    ['FAILED', true],
    ['CANCELLED', true],
  ] as const)('%s: %s', (state, expected) => {
    expect(isTerminal(state)).toBe(expected);
  });
});
