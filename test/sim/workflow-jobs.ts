import { cancelWorkflow } from '../../src/core/cancel-workflow.ts';
import { enqueueWorkflow, type WorkflowSpec } from '../../src/core/enqueue-workflow.ts';
import { MillraceError } from '../../src/core/errors.ts';
import { readWorkflow } from '../../src/core/read-workflow.ts';
import { callbackId, memberId, stepId } from '../../src/core/workflow-row.ts';
import type { Callers } from './callers.ts';
import { kindOf } from './enqueue-jobs.ts';
import { sleep } from './host.ts';

/** A chain of some steps, under a key, sent once or more. */
export async function enqueueChain(callers: Callers): Promise<void> {
  const steps = Array.from({ length: callers.world.dice.whole(2, 4) }, () =>
    callers.newSpec(stepKind(callers)),
  );
  await enqueue(callers, { kind: 'chain', steps }, (id) => {
    for (const at of steps.keys()) callers.book.known.add(stepId(id, at + 1));
    return [stepId(id, 1)];
  });
}

/** A set of some tasks and its callback, under a key, sent once or more. */
export async function enqueueSet(callers: Callers): Promise<void> {
  const { dice } = callers.world;
  const members = Array.from({ length: dice.whole(1, 4) }, () => callers.newSpec(stepKind(callers)));
  const callback = callers.newSpec(stepKind(callers));
  await enqueue(callers, { kind: 'set', members, callback, evenIfFailed: dice.chance(0.4) }, (id) => {
    callers.book.known.add(callbackId(id));
    return members.map((_, at) => memberId(id, at + 1));
  });
}

/** @param idsOf the tasks that are promised with it */
async function enqueue(
  callers: Callers,
  spec: WorkflowSpec,
  idsOf: (id: string) => readonly string[],
): Promise<void> {
  const { world, book } = callers;
  const { dice } = world;
  const key = world.newName('key');
  const send = (tries: number) =>
    callers.call(async ({ ending }) => {
      const { workflow } = await enqueueWorkflow(ending.ports, ending.definition, spec, key);
      book.workflows.add(workflow.id);
      for (const id of idsOf(workflow.id)) {
        book.accepted.add(id);
        book.known.add(id);
      }
    }, tries);
  const sends = [send(dice.pick([1, 20]))];
  if (dice.chance(0.3)) {
    world.count('workflow sent again');
    sends.push(sleep(dice.between(0, dice.pick([10, 2000, 30_000]))).then(() => send(20)));
  }
  for (const answer of await Promise.all(sends)) {
    if (answer instanceof MillraceError)
      world.fail(`G6 the same workflow under ${key} is refused: ${answer.message}`);
  }
}

/** Cancels some workflow, whatever it is doing; sometimes twice at once. */
export async function cancelSomeWorkflow(callers: Callers): Promise<void> {
  const { world, book } = callers;
  const { dice } = world;
  for (let look = 0; look < 20; look += 1) {
    const id = dice.pick([...book.workflows]);
    if (id !== undefined) {
      world.count('cancel of a workflow');
      const cancel = () =>
        callers.call(async ({ ending }) => {
          await cancelWorkflow(ending, id);
          world.watch.cancelled.add(id);
          const { state } = await readWorkflow(ending.ports, id);
          if (state === 'PENDING') world.fail(`W ${id} was cancelled, and reads as ${state}`);
        }, 3);
      await Promise.all(dice.chance(0.2) ? [cancel(), cancel()] : [cancel()]);
      return;
    }
    await sleep(1000);
  }
}

function stepKind(callers: Callers): string {
  return callers.world.dice.chance(0.5) ? 'ok' : kindOf(callers);
}
