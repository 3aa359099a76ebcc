import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ChangeResult, ChangesTogether, TaskStore } from '../../src/core/ports.ts';
import type { TaskChange } from '../../src/core/transition.ts';
import { groupChanges } from '../../src/worker/group-changes.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';

const BIRTH = { queue: 'default', hash: 'h', createdAt: 1, maxAttempts: 3 } as const;

function claimOf(id: string): TaskChange {
  return { id, event: 'claim', isBirth: true, guard: {}, set: { ...BIRTH, token: id }, raise: ['attempt'] };
}

describe('changes of many slots', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A store whose requests of several changes are answered when the test says so. */
  function start({ isOffered = true, max = 5 } = {}) {
    const { tasks } = makeMemoryPorts().ports;
    const requests: { ids: string[]; answer: (done?: boolean | Error) => void }[] = [];
    const alone: string[] = [];
    const together: ChangesTogether = {
      max,
      isOffered: () => isOffered,
      change: (changes) =>
        new Promise((resolve, reject) => {
          requests.push({
            ids: changes.map(({ id }) => id),
            answer: (done = true) => {
              if (done instanceof Error) return reject(done);
              if (!done) return resolve(changes.map(() => false));
              void Promise.all(changes.map((change) => tasks.change(change))).then((results) =>
                resolve(results.map((result) => result.done)),
              );
            },
          });
        }),
    };
    const change: TaskStore['change'] = (asked) => {
      alone.push(asked.id);
      return tasks.change(asked);
    };
    return { grouped: groupChanges({ ...tasks, change, together }), tasks, requests, alone };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('go together when they come in the same moment, and at once when nothing is under way', async () => {
    const { grouped, requests, alone } = start();
    const results = ['a', 'b', 'c'].map((id) => grouped.change(claimOf(id)));
    await pass(0);
    expect(requests.map(({ ids }) => ids)).toEqual([['a', 'b', 'c']]);
    requests[0]?.answer();
    const answers = await Promise.all(results);
    expect(answers.map(({ done, row }) => [done, row?.token, row?.state, row?.attempt])).toEqual(
      ['a', 'b', 'c'].map((id) => [true, id, 'RUNNING', 1]),
    );
    expect(alone).toEqual([]);
  });

  test('wait for company while a request is under way, but not for long, nor when they are enough', async () => {
    const { grouped, requests } = start({ max: 3 });
    void grouped.change(claimOf('a'));
    await pass(0);
    void grouped.change(claimOf('b'));
    await pass(5);
    expect(requests.map(({ ids }) => ids)).toEqual([['a']]);
    await pass(5);
    expect(requests.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
    for (const id of ['c', 'd', 'e']) void grouped.change(claimOf(id));
    await pass(0);
    expect(requests.at(-1)?.ids).toEqual(['c', 'd', 'e']);
    void grouped.change(claimOf('f'));
    for (const { answer } of requests) answer();
    await pass(0);
    expect(requests.at(-1)?.ids).toEqual(['f']);
  });

  test('are asked alone when they are refused in company, so that the row tells why', async () => {
    const { grouped, tasks, requests, alone } = start();
    await tasks.change(claimOf('a'));
    const claim = grouped.change({ ...claimOf('a'), set: { ...BIRTH, token: 'another' } });
    await pass(0);
    requests[0]?.answer(false);
    const result: ChangeResult = await claim;
    expect([result.done, result.row?.token]).toEqual([false, 'a']);
    expect(alone).toEqual(['a']);
  });

  test('are unknown, all of them, when the answer to their request is lost', async () => {
    const { grouped, requests, alone } = start();
    const claims = ['a', 'b'].map((id) => grouped.change(claimOf(id)));
    const seen = Promise.allSettled(claims);
    await pass(0);
    requests[0]?.answer(new Error('no answer'));
    expect((await seen).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(alone).toEqual([]);
  });

  test('name a task once in a request, and are asked alone where that needs a row that is not known', async () => {
    const { grouped, requests, alone } = start();
    void grouped.change(claimOf('a'));
    void grouped.change(claimOf('a'));
    void grouped.change({ ...claimOf('b'), isBirth: false });
    void grouped.change({ id: 'c', event: 'beat', guard: { token: 'c' }, set: { lease: 1 } });
    await pass(0);
    expect([requests.map(({ ids }) => ids), alone]).toEqual([[['a']], ['a', 'b', 'c']]);
  });

  test('are asked alone where there is no request for several', async () => {
    const { grouped, requests, alone } = start({ isOffered: false });
    expect((await grouped.change(claimOf('a'))).done).toBe(true);
    expect([requests, alone]).toEqual([[], ['a']]);
  });
});
