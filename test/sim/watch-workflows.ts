import { isTerminal } from '../../src/core/task-states.ts';
import { callbackId, memberId, parseWorkflowTaskId, stepId } from '../../src/core/workflow-row.ts';
import type { World } from './world.ts';

/** What must hold when a program of a workflow starts. */
export function checkStart(world: World, task: string, input: string | undefined): void {
  const place = parseWorkflowTaskId(task);
  if (!place) return;
  const { tasks, workflows } = world.tables;
  const fail = (what: string) => world.fail(`W ${task} ${what}`);
  const row = tasks.get(task);
  // What was claimed before has been asked to end; what FAILED before may be redriven.
  const isExcused = row?.cancelRequested === true || row?.countedAs === 'FAILED';
  if (world.watch.cancelled.has(place.workflow) && !isExcused) fail('starts in a cancelled workflow');
  const leftBy = (id: string) => `${id}-${tasks.get(id)?.attempt}`;
  if ('step' in place && place.step > 1) {
    const before = stepId(place.workflow, place.step - 1);
    const { state } = tasks.get(before) ?? {};
    if (state !== 'SUCCEEDED') fail(`starts, and the step before it is ${state ?? 'nowhere'}`);
    if (input !== leftBy(before)) fail(`is fed ${input}, where the step before it left ${leftBy(before)}`);
  }
  if (!('isCallback' in place)) return;
  const { total = 0, evenIfFailed } = workflows.get(place.workflow) ?? {};
  const members = Array.from({ length: total }, (_, at) => memberId(place.workflow, at + 1));
  const given = JSON.parse(input ?? '[]') as (string | { state: string })[];
  if (given.length !== total) fail(`is told of ${given.length} of ${total} members`);
  for (const [at, id] of members.entries()) {
    const entry = given[at];
    if (evenIfFailed) {
      // A member that failed may have been redriven since.
      if (!world.watch.everEnded.has(id)) fail(`starts before ${id} has ended`);
      if (typeof entry !== 'object' || !['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(entry.state))
        fail(`is told ${JSON.stringify(entry)} of ${id}`);
    } else {
      if (tasks.get(id)?.state !== 'SUCCEEDED') fail(`starts, and ${id} is ${tasks.get(id)?.state}`);
      if (entry !== leftBy(id)) fail(`is told ${JSON.stringify(entry)} of ${id}`);
    }
  }
}

/** What must hold of all workflows at rest: each has gone as far as its tasks let it, and no further. */
export function checkWorkflows(world: World, fail: (what: string) => void): void {
  const { tasks, workflows } = world.tables;
  for (const { id, kind, total, evenIfFailed } of workflows.values()) {
    if (kind === 'chain') {
      const states = Array.from({ length: total }, (_, at) => tasks.get(stepId(id, at + 1))?.state);
      // Nobody was told that it is taken.
      if (states.every((state) => state === undefined)) continue;
      const open = states.findIndex((state) => state !== 'SUCCEEDED');
      if (open < 0) continue;
      if (states[open] === undefined) fail(`W chain ${id} has stopped after step ${open}`);
      if (states.slice(open + 1).some((state) => state !== undefined))
        fail(`W chain ${id} goes on behind a step that is ${states[open]}: ${states.join(', ')}`);
      continue;
    }
    const states = Array.from({ length: total }, (_, at) => tasks.get(memberId(id, at + 1))?.state);
    const isComplete = states.every((state) =>
      evenIfFailed ? isTerminal(state ?? 'none') : state === 'SUCCEEDED',
    );
    const isCalledBack = tasks.has(callbackId(id));
    if (isComplete !== isCalledBack)
      fail(`W set ${id} is ${isCalledBack ? '' : 'not '}called back: ${states.join(', ')}`);
  }
}
