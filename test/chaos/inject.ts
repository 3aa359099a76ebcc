import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../src/client/millrace-client.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { QUEUE, type Arena } from './arena.ts';
import type { Book } from './book.ts';
import type { BatchLoad } from './load-batch.ts';
import type { Fault } from './plan-faults.ts';
import type { Plan, PlannedTask } from './plan.ts';
import { tagOf } from './task-program.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface Target {
  readonly arena: Arena;
  readonly pool: WorkerPool;
  readonly loads: readonly BatchLoad[];
  readonly book: Book;
  readonly plan: Plan;
  readonly signal: AbortSignal;
}

/** Does what the fault says, now, and sees to it that the run can go on. What found nothing to hit is counted so. */
export async function inject(target: Target, fault: Fault): Promise<void> {
  const { arena, pool, book, loads, signal } = target;
  const note = (isHit: boolean): void => book.count(isHit ? fault.kind : `${fault.kind}: nothing to hit`);
  switch (fault.kind) {
    case 'stack killed':
      note(true);
      return arena.restart();
    case 'stack killed in a load':
    case 'loader killed': {
      const load = loads[fault.load];
      await load?.begun;
      await sleep(fault.afterMs, undefined, { signal });
      if (fault.kind === 'loader killed') return note(load?.kill() ?? false);
      note(load?.isUnderWay ?? false);
      return arena.restart();
    }
    case 'tasks cancelled':
      return cancelSome(target, fault.most);
    case 'tasks redriven':
      return redriveSome(target, fault.most);
    case 'queue redriven': {
      const { redriven } = await insist(target, () => {
        book.queueRedrives += 1; // before: what got no answer may have been done
        return arena.client.redriveQueue(QUEUE);
      });
      book.count('tasks redriven with their queue', redriven);
      return note(redriven > 0);
    }
    case 'queue paused':
      await insist(target, () => arena.client.pause(QUEUE));
      await sleep(fault.forMs, undefined, { signal });
      await insist(target, () => arena.client.resume(QUEUE));
      return note(true);
    case 'worker killed':
    case 'spawner killed':
    case 'starter killed':
    case 'worker and spawner killed':
    case 'worker told to stop':
    case 'worker told to stop twice':
      if (!fault.isEarly) await pool.busy(fault.worker, signal);
      return note(await pool.harm(fault.worker, fault.kind));
  }
}

async function cancelSome(target: Target, most: number): Promise<void> {
  const { arena, book } = target;
  const running = await find(target, 'RUNNING', 200, ({ isVictim }) => isVictim === true);
  const pending = await find(target, 'PENDING', 200, ({ isVictim }) => isVictim === true);
  const victims = [...running.slice(0, most), ...pending.slice(0, most)];
  for (const { id, state } of victims) {
    book.cancelled.set(id, 'asked'); // before: what got no answer may have been done
    try {
      const answer = await arena.client.cancel(id);
      if (answer.state === 'CANCELLED') book.cancelled.set(id, 'done');
      book.count(`cancelled while ${state}`);
    } catch (error) {
      if (!isCode(error, 'wrong_state')) throw error; // it has ended meanwhile
    }
  }
  if (victims.length === 0) book.count('tasks cancelled: nothing to hit');
}

async function redriveSome(target: Target, most: number): Promise<void> {
  const { arena, book } = target;
  const failed = await find(target, 'FAILED', 200, () => true);
  const wanted = [
    ...failed.filter((view) => target.plan.byTag.get(tagOf(view) ?? '')?.isFixedByRedrive),
    ...failed.slice(0, 1), // one more, whatever made it fail
  ].slice(0, most);
  for (const { id } of wanted) {
    try {
      await insist(target, () => {
        book.noteRedrive(id);
        return arena.client.redrive(id);
      });
      book.count('task redriven');
    } catch (error) {
      // Somebody was faster, or its end is still to be counted by a worker that has died.
      if (!isCode(error, 'wrong_state') && !isCode(error, 'not_counted_yet')) throw error;
    }
  }
  if (wanted.length === 0) book.count('tasks redriven: nothing to hit');
}

/** Newest first, of those that the plan knows. */
async function find(
  { arena, plan }: Target,
  state: TaskView['state'],
  limit: number,
  isWanted: (task: PlannedTask) => boolean,
): Promise<TaskView[]> {
  const { tasks } = await arena.client.listTasks(QUEUE, { state, limit });
  return tasks.filter((view) => {
    const task = plan.byTag.get(tagOf(view) ?? '');
    return task !== undefined && isWanted(task);
  });
}

/** Goes on until the stack is there: for what the client does not repeat by itself. */
async function insist<T>({ arena, signal }: Target, ask: () => Promise<T>): Promise<T> {
  for (let round = 0; ; round += 1) {
    await arena.up();
    try {
      return await ask();
    } catch (error) {
      if (!isCode(error, 'unavailable') || round >= 60) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}

function isCode(error: unknown, code: MillraceError['code']): boolean {
  return error instanceof MillraceError && error.code === code;
}
