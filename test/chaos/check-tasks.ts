import { isDeepStrictEqual } from 'node:util';
import { isTerminal } from '../../src/core/task-states.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import type { Book } from './book.ts';
import type { Plan, PlannedTask } from './plan.ts';
import type { Attempt, Diary } from './read-diaries.ts';
import { tagOf } from './task-program.ts';

type Fail = (what: string) => void;

/** Every accepted task is there, once, with an end that its plan allows. */
export function checkTasks(
  plan: Plan,
  book: Book,
  views: readonly TaskView[],
  diaries: ReadonlyMap<string, Diary>,
  fail: Fail,
): void {
  const byTag = new Map<string, TaskView[]>();
  let poisoned = 0;
  for (const view of views) {
    const tag = tagOf(view);
    if (tag === undefined) poisoned += 1;
    if (tag === undefined) checkPoisoned(view, fail);
    else if (!plan.byTag.has(tag)) fail(`G6 ${view.id} is a task that nobody has sent: ${tag}`);
    else byTag.set(tag, [...(byTag.get(tag) ?? []), view]);
  }
  const ids = new Set(views.map(({ id }) => id));
  if (ids.size !== views.length) fail(`a listing shows ${views.length - ids.size} tasks twice`);
  for (const id of book.poisonIds) if (!ids.has(id)) fail(`G5 the poisonous message ${id} became no task`);
  if (poisoned > book.poisonIds.size + book.poisonLost)
    fail(`G6 ${poisoned} poisonous tasks, more than were sent`);
  for (const [tag, { accepted, tries }] of book.sent) {
    const found = byTag.get(tag) ?? [];
    if (found.length < accepted) fail(`G1 ${tag} was accepted and is not there`);
    if (found.length > tries) fail(`G6 ${tag} was sent ${tries} times and is ${found.length} tasks`);
  }
  for (const [tag, id] of book.ids)
    if (!ids.has(id)) fail(`G1 ${tag} was accepted as ${id}, which is not there`);
  for (const [tag, views] of byTag) {
    const planned = plan.byTag.get(tag);
    for (const view of planned ? views : []) checkEnd(planned!, book, view, diaries.get(view.id), fail);
  }
}

function checkPoisoned({ id, state, reason }: TaskView, fail: Fail): void {
  if (state !== 'FAILED' || reason !== 'invalid')
    fail(`G5 the poisonous message ${id} is ${state} ${reason}`);
}

function checkEnd(
  planned: PlannedTask,
  book: Book,
  view: TaskView,
  diary: Diary | undefined,
  fail: Fail,
): void {
  const about = `${planned.tag} (${planned.kind}) ${view.id}`;
  const { state } = view;
  if (!isTerminal(state)) return fail(`G1 ${about} has not ended: ${state}, attempt ${view.attempt}`);
  const asked = book.cancelled.get(view.id);
  if (asked === 'done' && state !== 'CANCELLED') fail(`G2 ${about} was CANCELLED and is ${state}`);
  if (state === 'CANCELLED') {
    if (asked === undefined) fail(`${about} is CANCELLED, which nobody asked for`);
    return;
  }
  const attempt = diary?.attempts.find(({ number }) => number === view.attempt);
  if (state === 'SUCCEEDED') checkSuccess(planned, view, attempt, about, fail);
  else checkFailure(planned, view, attempt, about, fail);
}

function checkSuccess(
  planned: PlannedTask,
  view: TaskView,
  attempt: Attempt | undefined,
  about: string,
  fail: Fail,
): void {
  if (planned.fails && !(planned.isFixedByRedrive && view.attempt > 1))
    fail(`${about} cannot have succeeded`);
  if (attempt?.exit !== 0)
    fail(`G2 ${about} succeeded in attempt ${view.attempt}, which says ${attempt?.exit}`);
  const { stdoutEnd, result } = planned;
  if (stdoutEnd !== undefined && view.stdout?.endsWith(stdoutEnd) !== true) {
    fail(`${about} should have printed …${stdoutEnd}, got …${view.stdout?.slice(-80)}`);
  }
  if (result !== undefined && !isDeepStrictEqual(view.result, result)) {
    fail(`${about} should have returned ${JSON.stringify(result)}, got ${JSON.stringify(view.result)}`);
  }
}

function checkFailure(
  planned: PlannedTask,
  view: TaskView,
  attempt: Attempt | undefined,
  about: string,
  fail: Fail,
): void {
  const { reason, exitCode } = view;
  if (view.attempt < planned.maxAttempts) {
    fail(`${about} FAILED ${reason} after ${view.attempt} of ${planned.maxAttempts} attempts`);
  }
  if (reason === 'lost') {
    // Its worker was killed under it, every time that it might have gone on.
    if (!planned.fails) fail(`${about} is lost, though its failures cannot be so many`);
    return;
  }
  const { fails } = planned;
  if (reason !== fails?.reason) return fail(`${about} FAILED ${reason}, which is not its plan`);
  if (reason === 'exit' && (exitCode !== fails?.exitCode || attempt?.exit !== exitCode)) {
    fail(`G2 ${about} FAILED with exit ${exitCode}, attempt ${view.attempt} says ${attempt?.exit}`);
  }
}
