import { describe, expect, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { Book } from './book.ts';
import { checkAttempts } from './check-attempts.ts';
import { checkTasks } from './check-tasks.ts';
import { WORKER_FAULTS } from './plan-faults.ts';
import { makePlan, type PlannedTask } from './plan.ts';
import { parseDiary, type Diary } from './read-diaries.ts';
import { toArgv } from './task-program.ts';
import type { WorkerLife } from './worker-pool.ts';

const plan = makePlan({ seed: 5, tasks: 240, workers: 4, minutes: 0.2 });
const ofKind = (kind: string): PlannedTask => {
  const found = [...plan.byTag.values()].find((task) => task.kind === kind);
  if (!found) throw new Error(`no task ${kind} in the plan`);
  return found;
};

describe('the plan', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(makePlan({ seed: 5, tasks: 240, workers: 4, minutes: 0.2 })).toEqual(plan);
    expect(makePlan({ seed: 6, tasks: 240, workers: 4, minutes: 0.2 })).not.toEqual(plan);
  });

  test('has every fault, also in a short run', () => {
    const kinds = new Set(plan.faults.map(({ kind }) => kind));
    for (const kind of [
      ...WORKER_FAULTS,
      'stack killed',
      'stack killed in a load',
      'loader killed',
    ] as const) {
      expect(kinds).toContain(kind);
    }
    expect(plan.messages.filter(({ task }) => !task).length).toBeGreaterThan(0);
  });
});

/** A world of one task, which `views` and its diary tell of; the violations that are found in it. */
function violations(
  task: PlannedTask,
  views: Partial<TaskView>[],
  diary: string,
  more: { harm?: number } = {},
) {
  const book = new Book();
  book.noteSent(task.tag, 1, 1);
  const argv = toArgv('/task.sh', task.tag, task);
  const whole: TaskView[] = views.map((view, n) => ({
    id: `id${n}`,
    queue: 'chaos',
    state: 'SUCCEEDED',
    argv,
    attempt: 1,
    maxAttempts: task.maxAttempts,
    createdAt: '',
    ...view,
  }));
  const diaries = new Map<string, Diary>(views.length > 0 ? [['id0', parseDiary(diary)]] : []);
  const found: string[] = [];
  const fail = (what: string): void => void found.push(what);
  checkTasks(plan, book, whole, diaries, fail);
  const harm = more.harm === undefined ? [] : [{ kind: 'worker killed' as const, at: more.harm }];
  const lives: WorkerLife[] = [{ pid: 900, log: '', harm }];
  const logged = { givenUp: new Map<string, string>(), ends: new Map<string, number>() };
  checkAttempts(plan, book, whole, diaries, lives, logged, fail);
  return found.join('\n');
}

describe('the checks', () => {
  const noop = ofKind('no-op');
  const fails = ofKind('fails always');
  const done = 'start 1 50 1 900 10.0\nend 1 50 0 10.1\n';
  const interrupted = 'start 1 50 1 900 10.0\nstart 2 51 2 901 25.0\nend 2 51 0 25.1\n';

  test('find nothing in a task that has gone by its plan', () => {
    expect(violations(noop, [{}], done)).toBe('');
    expect(violations(noop, [{ attempt: 2 }], interrupted, { harm: 12 })).toBe('');
    const { exitCode = 0 } = fails.fails ?? {};
    const last = fails.maxAttempts;
    const view = { state: 'FAILED' as const, reason: 'exit' as const, exitCode, attempt: last };
    const lines = Array.from(
      { length: last },
      (_, n) => `start ${n + 1} 5${n} 1 900 1\nend ${n + 1} 5${n} ${exitCode} 1\n`,
    );
    expect(violations(fails, [view], lines.join(''))).toBe('');
  });

  test.each([
    ['a task that is gone', noop, [], '', /G1 .* is not there/],
    ['a task that has not ended', noop, [{ state: 'PENDING' as const }], done, /G1 .* has not ended/],
    ['one that was doubled', noop, [{}, {}], done, /G6 .* is 2 tasks/],
    ['a success that nobody saw', noop, [{ attempt: 2 }], done, /G2 .* says undefined/],
    ['a success that cannot be', fails, [{}], done, /cannot have succeeded/],
    [
      'an end that is not planned',
      noop,
      [{ state: 'FAILED' as const, reason: 'exit' as const }],
      done,
      /not its plan/,
    ],
    [
      'an attempt that was run twice',
      noop,
      [{}],
      done + done.replaceAll('50', '51'),
      /G3 .* ran an attempt twice/,
    ],
    ['an interruption without a cause', noop, [{ attempt: 2 }], interrupted, /nothing befell attempt 1/],
    [
      'two runners at a time',
      noop,
      [{}],
      `${done}overlap 1 2 49\n`,
      /G3 .* started while attempt 2 was alive/,
    ],
    ['a cancel that nobody wanted', noop, [{ state: 'CANCELLED' as const }], done, /nobody asked for/],
  ])('find %s', (_, task, views, diary, expected) => {
    expect(violations(task, views, diary)).toMatch(expected);
  });
});
