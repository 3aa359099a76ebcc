import type { TaskRow } from '../../src/core/task-row.ts';
import { breakChanges } from './mutant.ts';
import type { Mutant } from './world.ts';
import { putRow } from './sim-tasks.ts';

/** The row as if its lease had passed long ago. */
function expired(row: TaskRow | undefined): TaskRow | undefined {
  return row?.state === 'RUNNING' ? { ...row, lease: 0 } : row;
}

const ENDS = ['succeed', 'fail', 'cancel', 'retry', 'handBack'];

/** Breaks of claims, leases, and of what a worker may write. */
export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'claim-ignores-the-lease',
    breaks: 'an attempt is taken over only when its lease has passed',
    ports: breakChanges(async (change, send) => {
      if (change.event === 'claim') {
        const result = await send(change);
        return result.done || result.row?.token === change.set.token
          ? result
          : { done: false, row: expired(result.row) };
      }
      const { leaseBefore: _leaseBefore, ...guard } = change.guard;
      return send(change.event === 'takeOver' ? { ...change, guard } : change);
    }),
  },
  {
    name: 'takeover-without-its-guard',
    breaks: 'a takeover names the attempt and the token that it was decided on',
    ports: breakChanges((change, send) =>
      send(change.event === 'takeOver' ? { ...change, guard: {} } : change),
    ),
  },
  {
    name: 'takeover-is-no-failure',
    breaks: 'an attempt that ended without a word counts as failed',
    ports: breakChanges((change, send) =>
      send(change.event === 'takeOver' ? { ...change, raise: ['attempt'] } : change),
    ),
  },
  {
    name: 'end-without-its-token',
    breaks: 'a worker that has lost its lease records nothing',
    ports: breakChanges((change, send) =>
      send(ENDS.includes(change.event) && change.from?.[0] === 'RUNNING' ? { ...change, guard: {} } : change),
    ),
  },
  {
    name: 'retry-without-its-token',
    breaks: 'a worker that has lost its lease releases nothing',
    ports: breakChanges((change, send) =>
      send(change.event === 'retry' || change.event === 'handBack' ? { ...change, guard: {} } : change),
    ),
  },
  {
    name: 'heartbeat-ignores-its-failure',
    breaks: 'a program whose lease cannot be renewed is ended',
    ports: breakChanges(async (change, send, process) => {
      if (change.event !== 'beat') return send(change);
      const row = { ...process.world.tables.tasks.get(change.id), ...change.set } as TaskRow;
      const result = await send(change).catch(() => undefined);
      return result?.done ? result : { done: true, row };
    }),
  },
  {
    name: 'visibility-not-extended',
    breaks: 'the message of a running task stays invisible',
    ports: (ports, { world }) => {
      const main = ports.messages.main('default');
      const leaseSeconds = world.definition.leaseSeconds;
      const setVisibility: typeof main.setVisibility = (entries) =>
        main.setVisibility(entries.filter(({ seconds }) => seconds !== leaseSeconds));
      return { ...ports, messages: { ...ports.messages, main: () => ({ ...main, setVisibility }) } };
    },
  },
  {
    name: 'hand-back-counts-as-a-failure',
    breaks: 'an attempt that is handed back is no failure',
    ports: breakChanges((change, send) =>
      send(change.event === 'handBack' ? { ...change, raise: ['failures'] } : change),
    ),
  },
  {
    name: 'attempt-number-falls',
    breaks: 'attempt numbers only rise',
    ports: breakChanges(async (change, send, { world }) => {
      const result = await send(change);
      if (change.event !== 'handBack' || !result.done) return result;
      const row = { ...result.row, attempt: result.row.attempt - 1 };
      putRow(world, row);
      return result;
    }),
  },
  {
    name: 'lost-answer-taken-for-a-death',
    breaks: 'who finds its own token in the row holds the lease',
    ports: breakChanges(async (change, send) => {
      const result = await send(change);
      const isMine = result.row !== undefined && result.row.token === change.set.token;
      if (change.event !== 'claim' || result.done || !isMine) return result;
      return { done: false, row: { ...result.row, token: 'somebody else' } };
    }),
  },
  {
    name: 'enqueue-overwrites',
    breaks: 'the row of a task is made only where none is',
    ports: breakChanges(async (change, send, { world }) => {
      const result = await send(change);
      if (change.event !== 'enqueue' || result.done || !result.row) return result;
      const row: TaskRow = { ...result.row, ...change.set, state: 'PENDING' };
      putRow(world, row);
      return { done: true, row };
    }),
  },
];
