import type { TaskView } from '../../src/core/task-view.ts';
import type { Book } from './book.ts';
import type { Plan, PlannedTask } from './plan.ts';
import type { Attempt, Diary } from './read-diaries.ts';
import type { Logged } from './read-logs.ts';
import { tagOf } from './task-program.ts';
import type { WorkerLife } from './worker-pool.ts';

/** Clocks of a shell that waits for its turn, in seconds. */
const SLACK = 1;

export interface AttemptFigures {
  readonly attempts: number;
  /** Were ended by what was injected, or by a lease that was lost meanwhile. */
  readonly interrupted: number;
  /** Numbers of attempts whose program never got so far as to write its first line. */
  readonly unseen: number;
  readonly most: number;
}

/**
 * One runner at a time, no attempt run twice, and none that has no cause: each attempt but the last failed by
 * itself, or something befell its worker.
 */
export function checkAttempts(
  plan: Plan,
  book: Book,
  views: readonly TaskView[],
  diaries: ReadonlyMap<string, Diary>,
  lives: readonly WorkerLife[],
  logged: Logged,
  fail: (what: string) => void,
): AttemptFigures {
  const figures = { attempts: 0, interrupted: 0, unseen: 0, most: 0 };
  const known = new Set(views.map(({ id }) => id));
  for (const id of diaries.keys()) if (!known.has(id)) fail(`${id} has run, and is no task`);
  for (const view of views) {
    const { attempts = [], overlaps = [] } = diaries.get(view.id) ?? {};
    for (const overlap of overlaps) fail(`G3 ${view.id}: ${overlap}`);
    const numbers = attempts.map(({ number }) => number);
    if (new Set(numbers).size < numbers.length)
      fail(`G3 ${view.id} ran an attempt twice: ${numbers.join(', ')}`);
    if (Math.max(0, ...numbers) > view.attempt) {
      fail(`${view.id} has run attempt ${Math.max(...numbers)}, its row says ${view.attempt}`);
    }
    const planned = plan.byTag.get(tagOf(view) ?? '');
    for (const attempt of attempts) {
      const isLast = attempt.number === view.attempt;
      const isOwnEnd = attempt.exit === undefined ? endsByItself(planned) : attempt.exit !== 0 || isLast;
      if (isOwnEnd || book.cancelled.has(view.id)) continue;
      figures.interrupted += 1;
      if (!hasCause(attempt, lives, logged.givenUp.has(`${view.id} ${attempt.number}`))) {
        fail(
          `${view.id} (${planned?.kind}): nothing befell attempt ${attempt.number} of worker ${attempt.worker}`,
        );
      }
    }
    const redrives = (book.redriven.get(view.id) ?? 0) + book.queueRedrives;
    const ends = logged.ends.get(view.id) ?? 0;
    if (ends > 1 + redrives)
      fail(`G2 ${view.id} has ended ${ends} times, and was redriven ${redrives} times`);
    figures.attempts += view.attempt;
    figures.unseen += view.reason === 'invalid' ? 0 : view.attempt - attempts.length;
    figures.most = Math.max(figures.most, view.attempt);
  }
  const harms = lives.reduce((sum, { harm }) => sum + harm.length, 0);
  // A claim is at a worker for milliseconds before its program starts: a few may be caught in them.
  if (figures.unseen > harms * 8 + views.length / 50) {
    fail(`${figures.unseen} attempts were never started, with ${harms} blows to workers`);
  }
  return figures;
}

/** Killed by its time-out, or by its own signal. */
function endsByItself(planned: PlannedTask | undefined): boolean {
  return planned?.fails?.reason === 'timeout' || planned?.fails?.reason === 'signal';
}

function hasCause(attempt: Attempt, lives: readonly WorkerLife[], isGivenUp: boolean): boolean {
  if (isGivenUp || attempt.worker <= 1) return true; // its spawner was dead before its first line
  return lives.some(
    ({ pid, harm }) => pid === attempt.worker && harm.some(({ at }) => at >= attempt.startedAt - SLACK),
  );
}
