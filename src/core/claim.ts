import type { Claimant } from './claimant.ts';
import type { InvalidMessage, TaskMessage } from './envelope.ts';
import { continueWorkflow } from './continue-workflow.ts';
import { endInvalid, endLost, endUnclaimed } from './end-unrun.ts';
import { CLOCK_SKEW_MS, ROW_RETENTION_MS } from './limits.ts';
import { rowBirth } from './new-row.ts';
import { ATTEMPT_FIELDS, redriveChange } from './redrive-change.ts';
import type { QueueControl } from './queue-control.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { EndResult } from './settle.ts';
import { keepContent } from './task-content.ts';
import { isTerminal } from './task-states.ts';
import type { TaskRow } from './task-row.ts';
import type { TaskChange } from './transition.ts';
import { parseBatchTaskId } from './batch-row.ts';

/** What became of a message that a worker wants to run. */
export type ClaimOutcome =
  /** The attempt is this worker's until its lease ends. */
  | { readonly kind: 'run'; readonly row: TaskRow; readonly token: string; readonly message: TaskMessage }
  /** The task was ended here, without a run; delete the message once that is counted. */
  | { readonly kind: 'ended'; readonly row: TaskRow; readonly counted: Promise<boolean> }
  /** The message owes nothing any more. */
  | { readonly kind: 'delete'; readonly why: string }
  /** Somebody else's, or not due: leave the message for so long. */
  | { readonly kind: 'wait'; readonly ms: number; readonly why: string };

const RACE_WAIT_MS = 1000;

/**
 * Takes the task of a message for one attempt, or says what is to be done with the message instead.
 * Requires: the message is in flight. Writes: the row (mostly one conditional write), payload before FAILED.
 * Rejects when an outcome stays unknown: leave the message, it comes again.
 */
export async function claimTask(
  claimant: Claimant,
  message: TaskMessage | InvalidMessage,
  control: QueueControl,
): Promise<ClaimOutcome> {
  const { ports } = claimant;
  const now = ports.clock();
  const isPurged = (message.redrivenAt ?? message.at) < control.purgedBefore;
  if (isPurged && message.kind === 'task' && isFirst(claimant, message, now)) {
    const end = await endUnclaimed(claimant, message); // of many, purged together: no look before each
    return end.done ? ended(end) : decide(claimant, message, end.row, true);
  }
  if (isPurged || message.kind === 'invalid') {
    return decide(claimant, message, await ports.tasks.read(message.id), isPurged);
  }
  if ((message.notBefore ?? 0) > now)
    return { kind: 'wait', ms: (message.notBefore ?? 0) - now, why: 'not due' };
  const { token, change } = claimChange(claimant, message, now);
  claimant.asking?.();
  const result = await ports.tasks.change(change);
  if (result.done) return run(claimant, message, result.row, token);
  if (result.row?.token === token) return run(claimant, message, result.row, token); // a lost answer
  return decide(claimant, message, result.row, false);
}

function claimChange(
  claimant: Claimant,
  message: TaskMessage,
  now: number,
): { token: string; change: TaskChange } {
  const { ports, definition, worker } = claimant;
  const token = ports.newId();
  const change: TaskChange = {
    id: message.id,
    event: 'claim',
    isBirth: isFirst(claimant, message, now),
    from: mayCreate(message, now) ? ['none', 'PENDING'] : ['PENDING'],
    guard: { hash: message.hash, dueBy: now, noCancelRequest: true },
    set: {
      ...rowBirth(definition, message),
      token,
      lease: now + leaseMs(definition),
      startedAt: now,
      worker,
    },
    raise: ['attempt'],
    clear: ATTEMPT_FIELDS,
  };
  return { token, change };
}

/** A task that ended long ago has lost its row: a late duplicate of its message must not make another. */
function mayCreate(message: TaskMessage, now: number): boolean {
  return now - message.at < ROW_RETENTION_MS;
}

/** Most likely there is no row yet: tasks of batches, and raw messages, get theirs when their message is met first. */
function isFirst({ isRedelivery }: Claimant, message: TaskMessage, now: number): boolean {
  const { id, content, redriveOf } = message;
  if (isRedelivery || redriveOf !== undefined || !mayCreate(message, now)) return false;
  return 'body' in content || parseBatchTaskId(id) !== undefined;
}

/** The claim did not take place: the row tells why, and what is owed now. */
async function decide(
  claimant: Claimant,
  message: TaskMessage | InvalidMessage,
  row: TaskRow | undefined,
  isPurged: boolean,
): Promise<ClaimOutcome> {
  const { ports } = claimant;
  const now = ports.clock();
  if (row === undefined) {
    if (now - message.at >= ROW_RETENTION_MS) return { kind: 'delete', why: 'its task ended long ago' };
    if (isPurged) return ended(await endUnclaimed(claimant, message));
    if (message.kind === 'invalid') return ended(await endInvalid(claimant, message, undefined));
    return { kind: 'wait', ms: RACE_WAIT_MS, why: 'its row has just gone' };
  }
  if (row.hash !== message.hash) return { kind: 'delete', why: 'another content has this id' };
  if (isTerminal(row.state)) {
    if (row.state === 'FAILED' && message.redriveOf === row.attempt) {
      if (message.kind === 'task' && !isPurged) return rerun(claimant, message, row);
      // It must leave FAILED before its message may go: the redrive that sent it may still make it PENDING.
      const result = await ports.tasks.change(redriveChange(row));
      if (result.row?.state !== 'PENDING')
        return { kind: 'wait', ms: RACE_WAIT_MS, why: 'its row changed meanwhile' };
      return decide(claimant, message, result.row, isPurged);
    }
    return (await claimant.settler.settleTerminal(row)) && (await continueWorkflow(claimant, row))
      ? { kind: 'delete', why: 'its task has ended' }
      : { kind: 'wait', ms: leaseMs(claimant.definition) / 2, why: 'its end is not counted yet' };
  }
  if (isPurged && row.countedAs && message.redriveOf === undefined) {
    // Purged in its first life. The message of its redrive is out, and that one's time decides.
    return { kind: 'wait', ms: leaseMs(claimant.definition), why: 'it was redriven since' };
  }
  if (row.state === 'PENDING') {
    if (isPurged || row.cancelRequested) return ended(await endUnclaimed(claimant, message, row));
    if (message.kind === 'invalid') return ended(await endInvalid(claimant, message, row));
    return { kind: 'wait', ms: Math.max(RACE_WAIT_MS, (row.notBefore ?? 0) - now), why: 'not due' };
  }
  const freeAt = (row.lease ?? 0) + CLOCK_SKEW_MS;
  if (freeAt >= now) return { kind: 'wait', ms: freeAt - now + 1, why: 'another attempt holds the lease' };
  if (isPurged || row.cancelRequested) return ended(await endUnclaimed(claimant, message, row));
  if (message.kind === 'invalid') return ended(await endInvalid(claimant, message, row));
  if (row.failures + 1 >= row.maxAttempts) return ended(await endLost(claimant, message, row, now));
  return takeOver(claimant, message, row, now);
}

function ended(result: EndResult): ClaimOutcome {
  if (result.done) return { kind: 'ended', row: result.row, counted: result.counted };
  return { kind: 'wait', ms: RACE_WAIT_MS, why: 'its row changed meanwhile' };
}

/** The lease has passed: the attempt that held it counts as failed, and the next one begins. */
async function takeOver(
  claimant: Claimant,
  message: TaskMessage,
  row: TaskRow,
  now: number,
): Promise<ClaimOutcome> {
  return claimAs(claimant, message, {
    id: row.id,
    event: 'takeOver',
    guard: {
      attempt: row.attempt,
      token: row.token ?? null,
      leaseBefore: now - CLOCK_SKEW_MS,
      noCancelRequest: true,
    },
    set: {},
    raise: ['attempt', 'failures'],
    clear: ATTEMPT_FIELDS,
  });
}

/** A redriven task whose row still says FAILED. Its end is counted: redrive saw to that before it sent this message. */
async function rerun(claimant: Claimant, message: TaskMessage, row: TaskRow): Promise<ClaimOutcome> {
  return claimAs(claimant, message, {
    ...redriveChange(row),
    event: 'rerun',
    raise: ['attempt'],
  });
}

async function claimAs(claimant: Claimant, message: TaskMessage, change: TaskChange): Promise<ClaimOutcome> {
  const { ports, definition, worker } = claimant;
  const now = ports.clock();
  const token = ports.newId();
  const set = { ...change.set, token, lease: now + leaseMs(definition), startedAt: now, worker };
  claimant.asking?.();
  const result = await ports.tasks.change({ ...change, set });
  if (result.done || result.row?.token === token) {
    if (result.row) return run(claimant, message, result.row, token);
  }
  return { kind: 'wait', ms: RACE_WAIT_MS, why: 'its row changed meanwhile' };
}

async function run(
  claimant: Claimant,
  message: TaskMessage,
  row: TaskRow,
  token: string,
): Promise<ClaimOutcome> {
  if (row.programCut && row.attempt === 1 && !parseBatchTaskId(row.id)) {
    // A program too long for the state item of a raw message is kept beside it, so that it can be shown whole.
    await keepContent(claimant.ports, row.id, message.content).catch((error: unknown) =>
      claimant.ports.log.warn({ err: error, taskId: row.id }, 'could not keep a long program for display'),
    );
  }
  return { kind: 'run', row, token, message };
}

export function leaseMs(definition: QueueDefinition): number {
  return definition.leaseSeconds * 1000;
}
