import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { LISTING_SHARDS } from '../../src/core/limits.ts';
import type { IndexEntry, TaskStore } from '../../src/core/ports.ts';
import { TASK_EVENTS, TASK_STATES, type StateBefore, type TaskEvent } from '../../src/core/task-states.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { Guard, TaskChange } from '../../src/core/transition.ts';
import { anyId, eventually, type Backend, type UseBackend } from './backend.ts';

const BIRTH = { queue: 'default', hash: 'h', createdAt: 1000, maxAttempts: 3 } as const;

/** What src/core expects of a TaskStore. */
export function taskStoreContract(use: UseBackend): void {
  describe('a task store', () => {
    test('knows nothing of a task that was never written', () =>
      use(async ({ ports: { tasks } }) => {
        expect(await tasks.read(anyId())).toBeUndefined();
        expect(await tasks.readOutput(anyId())).toBeUndefined();
        expect(await tasks.readPayload(anyId())).toBeUndefined();
      }));

    test('lets each event happen in the states of the table of events, and in no other', () =>
      use(async ({ ports: { tasks } }) => {
        for (const state of ['none', ...TASK_STATES] as const) {
          for (const event of Object.keys(TASK_EVENTS) as TaskEvent[]) {
            const id = await putInState(tasks, state);
            const before = await tasks.read(id);
            const result = await tasks.change({ ...changeOf(id, event) });
            const { from, to }: { from: readonly StateBefore[]; to: string } = TASK_EVENTS[event];
            expect([event, state, result.done]).toEqual([event, state, from.includes(state)]);
            if (result.done) expect(result.row.state).toBe(to === 'same' ? state : to);
            else expect(result.row).toEqual(before);
            expect(await tasks.read(id)).toEqual(result.row);
          }
        }
      }));

    test('narrows the states of an event when asked to', () =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'PENDING');
        expect((await tasks.change({ ...changeOf(id, 'cancel'), from: ['none'] })).done).toBe(false);
        expect((await tasks.change({ ...changeOf(id, 'cancel'), from: ['PENDING'] })).done).toBe(true);
      }));

    test.each<[string, Guard, Guard]>([
      ['attempt', { attempt: 1 }, { attempt: 2 }],
      ['token', { token: 'mine' }, { token: 'another' }],
      ['absence of a token', {}, { token: null }],
      ['hash', { hash: 'h' }, { hash: 'other' }],
      ['lease', { leaseBefore: 5001 }, { leaseBefore: 5000 }],
      ['due time', { dueBy: 700 }, { dueBy: 699 }],
    ])('holds a change to its guard: %s', (_name, holds, fails) =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'RUNNING');
        await tasks.change({ ...changeOf(id, 'beat'), set: { lease: 5000, notBefore: 700 } });
        const change = { ...changeOf(id, 'handBack'), clear: ['token', 'lease'] } as const;
        expect((await tasks.change({ ...change, guard: fails })).done).toBe(false);
        const { done, row } = await tasks.change({ ...change, guard: holds });
        expect([done, row?.state, row?.token, row?.lease]).toEqual([true, 'PENDING', undefined, undefined]);
        expect((await tasks.change({ ...changeOf(id, 'claim'), guard: { token: null } })).done).toBe(true);
      }),
    );

    test('holds a change to the stamp of the end that it names', () =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'FAILED');
        const restamp = (n: number, to: number): TaskChange => ({
          id,
          event: 'restamp',
          guard: { stamp: { ledger: 'l', n } },
          set: { stamp: { ledger: 'm', n: to } },
        });
        expect((await tasks.change(restamp(2, 9))).done).toBe(false);
        expect((await tasks.change(restamp(1, 9))).row?.stamp).toEqual({ ledger: 'm', n: 9 });
        expect((await tasks.change(restamp(1, 10))).done).toBe(false);
      }));

    test('does not claim what is to be cancelled', () =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'RUNNING');
        await tasks.change({ ...changeOf(id, 'requestCancel'), set: { cancelRequested: true } });
        await tasks.change({ ...changeOf(id, 'handBack') });
        expect(
          (await tasks.change({ ...changeOf(id, 'claim'), guard: { noCancelRequest: true } })).done,
        ).toBe(false);
      }));

    test('guards nothing where there is no row: the first claim makes it, a second one finds its token', () =>
      use(async ({ ports: { tasks } }) => {
        const id = anyId();
        const claim = (token: string): TaskChange => ({
          ...changeOf(id, 'claim'),
          guard: { hash: 'h', dueBy: 0, noCancelRequest: true },
          set: { ...BIRTH, token, lease: 5 },
          raise: ['attempt'],
        });
        const first = await tasks.change(claim('one'));
        expect([first.done, first.row?.attempt, first.row?.failures]).toEqual([true, 1, 0]);
        const second = await tasks.change(claim('two'));
        expect([second.done, second.row?.token]).toEqual([false, 'one']);
      }));

    test('raises, clears, and gives back everything that was set', () =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'RUNNING');
        const set = {
          exitCode: 0,
          signal: 'SIGKILL',
          stdout: 'näh 🙂\n',
          result: '{"a":[1,null]}',
          progress: { percent: 0.5, message: '' },
          program: { argv: ['a', ''] },
          programCut: true,
          countedAs: 'FAILED',
        } as const;
        const change: TaskChange = {
          ...changeOf(id, 'retry'),
          set,
          raise: ['failures', 'attempt'],
          clear: ['token', 'lease', 'reason'],
        };
        const { row } = await tasks.change(change);
        expect(row).toMatchObject({ ...set, id, attempt: 2, failures: 1, state: 'PENDING' });
        expect(row).not.toHaveProperty('token');
        expect((await tasks.showMany([id, anyId(), id])).get(id)).toEqual(row);
      }));

    test('lets one of many equal changes happen', () =>
      use(async ({ ports: { tasks } }) => {
        const id = await putInState(tasks, 'PENDING');
        const claims = Array.from({ length: 10 }, (_, n) =>
          tasks.change({ ...changeOf(id, 'claim'), set: { token: `${n}` } }),
        );
        const done = (await Promise.all(claims)).filter((claim) => claim.done);
        expect(done).toHaveLength(1);
        expect((await tasks.read(id))?.token).toBe(done[0]?.row?.token);
      }));

    test('changes many tasks in the same moment as it changes each alone', () =>
      use(async ({ ports: { tasks } }) => {
        const ids = Array.from({ length: 60 }, anyId);
        const births = ids.map((id): TaskChange => ({
          ...changeOf(id, 'claim'),
          isBirth: true,
          set: { ...BIRTH, token: id, lease: 5, program: { argv: ['a', ''] } },
          raise: ['attempt'],
        }));
        const born = await Promise.all(births.map((change) => tasks.change(change)));
        expect(born.map(({ done }) => done)).toEqual(ids.map(() => true));
        for (const [at, id] of ids.entries()) expect(await tasks.read(id)).toEqual(born[at]?.row);
        const again = await Promise.all(births.map((change) => tasks.change(change)));
        expect(again.map(({ done, row }) => [done, row?.token])).toEqual(ids.map((id) => [false, id]));

        const rows = born.flatMap(({ row }) => (row ? [row] : []));
        const mine = ({ id, attempt }: TaskRow): Guard => ({ attempt, token: id });
        const ends = rows.map((row, at): TaskChange => {
          const event = (['succeed', 'fail', 'cancel', 'retry', 'beat', 'handBack'] as const)[at % 6];
          return {
            ...changeOf(row.id, event ?? 'beat'),
            known: row,
            guard: mine(row),
            ...(event === 'retry' && { raise: ['failures'] }),
            ...(event !== 'beat' && {
              clear: ['token', 'lease', ...(at % 6 < 3 ? (['cancelRequested'] as const) : [])],
            }),
          };
        });
        const ended = await Promise.all(ends.map((change) => tasks.change(change)));
        for (const [at, id] of ids.entries()) {
          expect([at, ended[at]?.done]).toEqual([at, true]);
          expect(await tasks.read(id)).toEqual(ended[at]?.row);
        }
        const late = await Promise.all(
          ends.filter((_, at) => at % 6 !== 4).map((change) => tasks.change(change)),
        );
        expect(late.filter(({ done }) => done)).toEqual([]);
      }));

    test('lets a change of a row that is known see what others did to it meanwhile', () =>
      use(async ({ ports: { tasks } }) => {
        const [cancelled, taken, gone] = [anyId(), anyId(), anyId()];
        const rows = await Promise.all(
          [cancelled, taken].map(async (id) => {
            const claim: TaskChange = {
              ...changeOf(id, 'claim'),
              isBirth: true,
              set: { ...BIRTH, token: 'mine' },
            };
            return (await tasks.change(claim)).row as TaskRow;
          }),
        );
        await tasks.change({ ...changeOf(cancelled, 'requestCancel'), set: { cancelRequested: true } });
        await tasks.change({ ...changeOf(taken, 'takeOver'), set: { token: 'theirs' } });
        const known = [...rows, { ...rows[0], id: gone } as TaskRow];
        const beats = await Promise.all(
          known.map((row) =>
            tasks.change({
              ...changeOf(row.id, 'beat'),
              known: row,
              guard: { token: 'mine' },
              set: { lease: 9 },
            }),
          ),
        );
        expect(beats.map(({ done, row }) => [done, row?.cancelRequested, row?.token])).toEqual([
          [true, true, 'mine'],
          [false, undefined, 'theirs'],
          [false, undefined, undefined],
        ]);
      }));

    test('reads more tasks at once than one request takes', () =>
      use(async ({ ports: { tasks } }) => {
        const ids = await Promise.all(Array.from({ length: 130 }, () => putInState(tasks, 'PENDING')));
        expect([...(await tasks.showMany(ids)).keys()].sort()).toEqual([...ids].sort());
        expect((await tasks.showMany([])).size).toBe(0);
      }));

    test('keeps the output of the latest attempt', () =>
      use(async ({ ports: { tasks } }) => {
        const id = anyId();
        const output = (attempt: number) => ({ attempt, stdout: `of ${attempt}`, stderr: '' });
        await tasks.writeOutput(id, output(2), 4e9);
        await tasks.writeOutput(id, output(1), 4e9);
        expect(await tasks.readOutput(id)).toMatchObject(output(2));
        await tasks.writeOutput(id, output(2), 4e9);
        await tasks.writeOutput(id, { ...output(3), result: '1' }, 4e9);
        expect(await tasks.readOutput(id)).toMatchObject({ ...output(3), result: '1' });
      }));

    test.each([0, 1, 900_000])('keeps a payload of %i random characters', (length) =>
      use(async ({ ports: { tasks } }) => {
        const id = anyId();
        const text = randomBytes(length).toString('base64').slice(0, length);
        await tasks.writePayload(id, text, 4e9);
        expect(await tasks.readPayload(id)).toBe(text);
        await tasks.writePayload(id, 'short', 4e9);
        expect(await tasks.readPayload(id)).toBe('short');
      }),
    );

    test('lists the failed tasks of a queue by the time of their end, until they are redriven', () =>
      use(async (backend) => {
        const { tasks } = backend.ports;
        const queue = anyId();
        const ids = [];
        for (const endedAt of [3000, 1000, 2000]) {
          const id = await putInState(tasks, 'RUNNING');
          await tasks.change({ ...changeOf(id, 'fail'), set: { queue, endedAt } });
          ids.push({ id, endedAt });
        }
        const inOrder = ids.sort((a, b) => a.endedAt - b.endedAt).map(({ id }) => id);
        const list = (newestFirst: boolean) => listAll(tasks, queue, 'failed', newestFirst);
        const isFull = (found: string[]) => found.length === 3;
        expect(await eventually(backend, () => list(false), isFull)).toEqual(inOrder);
        expect(await list(true)).toEqual([...inOrder].reverse());
        for (const id of inOrder.slice(0, 2)) {
          await tasks.change({ ...changeOf(id, id === inOrder[0] ? 'redrive' : 'rerun') });
        }
        const left = await eventually(
          backend,
          () => list(false),
          (found) => found.length === 1,
        );
        expect(left).toEqual([inOrder[2]]);
      }));

    test('lists the tasks and chunks of a queue by the time of their creation', () =>
      use(async (backend) => {
        if (!backend.hasTimeIndex) return;
        const queue = anyId();
        await addSome(backend, queue);
        const list = (newestFirst: boolean) => listAll(backend.ports.tasks, queue, 'all', newestFirst);
        const found = await eventually(
          backend,
          () => list(false),
          (all) => all.length === 3,
        );
        expect(found.map((name) => name.slice(0, 2))).toEqual(['t-', 'b/', 't-']);
        expect(await list(true)).toEqual([...found].reverse());
      }));
  });
}

async function addSome({ ports }: Backend, queue: string): Promise<void> {
  for (const createdAt of [1, 3]) {
    const set = { ...BIRTH, queue, createdAt };
    await ports.tasks.change({ id: anyId(), event: 'enqueue', guard: {}, set });
  }
  await ports.batches.storeChunk({
    batch: `b/${anyId()}`.replace('/', '_'),
    chunk: 0,
    queue,
    hash: 'h',
    createdAt: 2,
    tasks: [{ line: 1, task: { command: 'true' } }],
    sent: false,
  });
}

/** All entries of an index, two at a time, shard by shard, in order. */
async function listAll(
  tasks: TaskStore,
  queue: string,
  index: 'all' | 'failed',
  newestFirst: boolean,
): Promise<string[]> {
  const found: IndexEntry[] = [];
  for (let shard = 0; shard < LISTING_SHARDS; shard += 1) {
    let after: string | undefined;
    for (let more = true; more;) {
      const page = await tasks.page({ queue, index, shard, newestFirst, limit: 2, after });
      found.push(...page.entries);
      after = page.entries.at(-1)?.key;
      more = page.more && after !== undefined;
    }
  }
  found.sort((a, b) => (a.key < b.key === newestFirst ? 1 : -1));
  const times = found.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((a, b) => (newestFirst ? b - a : a - b)));
  return found.map((entry) => ('task' in entry ? entry.task : `b/${entry.chunk.batch}`));
}

/** The least that makes an event complete. */
function changeOf(id: string, event: TaskEvent): TaskChange {
  return { id, event, guard: {}, set: event === 'fail' ? { queue: 'default', endedAt: 1 } : {} };
}

/** A task of its own in this state. @returns its id */
async function putInState(tasks: TaskStore, state: StateBefore): Promise<string> {
  const id = anyId();
  if (state === 'none') return id;
  await tasks.change({ id, event: 'enqueue', guard: {}, set: { ...BIRTH, attempt: 0, failures: 0 } });
  if (state === 'PENDING') return id;
  await tasks.change({ ...changeOf(id, 'claim'), set: { token: 'mine', lease: 5000 }, raise: ['attempt'] });
  const ends: Partial<Record<TaskRow['state'], TaskEvent>> = {
    SUCCEEDED: 'succeed',
    FAILED: 'fail',
    CANCELLED: 'cancel',
  };
  const event = ends[state];
  if (!event) return id;
  const change = changeOf(id, event);
  const set = { ...change.set, stamp: { ledger: 'l', n: 1 } };
  await tasks.change({ ...change, set, clear: ['token', 'lease'] });
  return id;
}
