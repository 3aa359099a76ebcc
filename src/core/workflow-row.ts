import { batchTaskId } from './batch-row.ts';
import type { TaskSpec } from './task-spec.ts';

/** A step of a chain, or what a set calls when its members have ended. `into`: the argument that it is fed through. */
export type StepSpec = TaskSpec & { readonly into?: string | undefined };

/** A chain runs its steps one after another; a set runs its members at once, then calls back. */
export type WorkflowKind = 'chain' | 'set';

/** What changes of a workflow, and what tells it apart: small, since each write bills the whole item. */
export interface WorkflowRow {
  readonly id: string;
  readonly kind: WorkflowKind;
  readonly queue: string;
  /** Digest of all its tasks. */
  readonly hash: string;
  /** ms. */
  readonly createdAt: number;
  /** Steps of a chain, members of a set. */
  readonly total: number;
  /** Of a set: members that FAILED or were CANCELLED do not hold the callback back. */
  readonly evenIfFailed?: boolean;
  /** Of a set: the members, from 1, that have ended as its callback wants it. By number, so that twice is once. */
  readonly done: readonly number[];
  /** ms. Nothing of it is begun any more. */
  readonly cancelledAt?: number;
  /** Seconds (DynamoDB TTL). */
  readonly expiresAt: number;
}

/** What a task is in its workflow: step n of a chain, member n of a set (both from 1), or a set's callback. */
export type WorkflowPlace = { readonly workflow: string } & (
  { readonly step: number } | { readonly member: number } | { readonly isCallback: true }
);

/**
 * A prefix that no id of a batch, a key or a message can have: the id of a task alone tells that it belongs to a
 * workflow, so neither messages nor rows need to carry that, and nobody can claim it.
 */
const PREFIX = 'w~';

export function workflowId(name: string): string {
  return `${PREFIX}${name}`;
}

/** The members of a set are the only chunk of a batch that has the set's id. */
export const MEMBERS_CHUNK = 0;

export function stepId(workflow: string, step: number): string {
  return `${workflow}.${step}`;
}

export function memberId(workflow: string, member: number): string {
  return batchTaskId(workflow, MEMBERS_CHUNK, member);
}

export function callbackId(workflow: string): string {
  return `${workflow}.then`;
}

export function isWorkflowId(id: string): boolean {
  return /^w~[A-Za-z0-9_-]{1,64}$/.test(id);
}

/** Undefined for a task that is in no workflow. */
export function parseWorkflowTaskId(id: string): WorkflowPlace | undefined {
  const match = /^(w~[A-Za-z0-9_-]{1,64})\.(?:(then)|0\.([1-9]\d{0,8})|([1-9]\d{0,8}))$/.exec(id);
  const workflow = match?.[1];
  if (!match || workflow === undefined) return undefined;
  if (match[2] !== undefined) return { workflow, isCallback: true };
  return match[3] === undefined
    ? { workflow, step: Number(match[4]) }
    : { workflow, member: Number(match[3]) };
}
