import type { QueryCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { PROTOCOL_VERSION } from '../core/envelope.ts';
import type { IndexQuery } from '../core/ports.ts';
import { TASK_EVENTS } from '../core/task-states.ts';
import type { TaskRow } from '../core/task-row.ts';
import { statesBefore, type Guard, type TaskChange } from '../core/transition.ts';
import { Expression, toItem } from './dynamo.ts';
import { failedIndexPartition, indexSort, shardOf, taskKey, timeIndexPartition } from './keys.ts';

/**
 * A change of a task → its conditional update. The states in the condition come from the table of events, the
 * rest of it from the guard.
 */
export function buildTaskChange(tableName: string, change: TaskChange): UpdateItemCommandInput {
  const expression = new Expression();
  const sets: string[] = [];
  const put = (name: string, value: unknown): void => {
    sets.push(`${expression.name(name)} = ${expression.value(name, value)}`);
  };
  const { stamp, id: _id, state: _state, ...plain } = change.set;
  put('v', PROTOCOL_VERSION);
  const { to } = TASK_EVENTS[change.event];
  if (to !== 'same') put('state', to);
  for (const [name, value] of Object.entries(plain)) if (value !== undefined) put(name, value);
  if (stamp) {
    put('ledger', stamp.ledger);
    put('ledgerN', stamp.n);
  }
  for (const [name, value] of Object.entries(indexKeys(change))) put(name, value);
  for (const counter of ['attempt', 'failures'] as const) {
    if (counter in plain) continue;
    const name = expression.name(counter);
    const by = change.raise?.includes(counter) ? 1 : 0;
    // Written on every change, so that a row born by any of them has both counters.
    sets.push(
      `${name} = if_not_exists(${name}, ${expression.value('zero', 0)}) + ${expression.value(`by${by}`, by)}`,
    );
  }
  const removes = removedAttributes(change).filter((name) => !(name in change.set));
  return {
    TableName: tableName,
    Key: toItem(taskKey(change.id)),
    UpdateExpression: [
      `SET ${sets.join(', ')}`,
      ...(removes.length > 0 ? [`REMOVE ${removes.map((name) => expression.name(name)).join(', ')}`] : []),
    ].join(' '),
    ConditionExpression: buildCondition(expression, change),
    ...expression.toInput(),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function buildCondition(expression: Expression, change: TaskChange): string {
  const before = statesBefore(change);
  const isAbsent = 'attribute_not_exists(pk)';
  const states = before.filter((state) => state !== 'none');
  if (states.length === 0) return isAbsent;
  const tokens = states.map((state) => expression.value(`from${state}`, state));
  const isAllowed = [
    `${expression.name('state')} IN (${tokens.join(', ')})`,
    `${expression.name('v')} <= ${expression.value('v', PROTOCOL_VERSION)}`,
    ...guardClauses(expression, change.guard),
  ].join(' AND ');
  return before.includes('none') ? `${isAbsent} OR (${isAllowed})` : isAllowed;
}

function guardClauses(expression: Expression, guard: Guard): string[] {
  const clauses: string[] = [];
  const name = (attribute: string) => expression.name(attribute);
  const value = (attribute: string, of: unknown) => expression.value(`if_${attribute}`, of);
  if (guard.attempt !== undefined) clauses.push(`${name('attempt')} = ${value('attempt', guard.attempt)}`);
  if (guard.token === null) clauses.push(`attribute_not_exists(${name('token')})`);
  else if (guard.token !== undefined) clauses.push(`${name('token')} = ${value('token', guard.token)}`);
  if (guard.stamp) {
    clauses.push(`${name('ledger')} = ${value('ledger', guard.stamp.ledger)}`);
    clauses.push(`${name('ledgerN')} = ${value('ledgerN', guard.stamp.n)}`);
  }
  if (guard.hash !== undefined) clauses.push(`${name('hash')} = ${value('hash', guard.hash)}`);
  if (guard.leaseBefore !== undefined)
    clauses.push(`${name('lease')} < ${value('lease', guard.leaseBefore)}`);
  if (guard.dueBy !== undefined) {
    const notBefore = name('notBefore');
    clauses.push(
      `(attribute_not_exists(${notBefore}) OR ${notBefore} <= ${value('notBefore', guard.dueBy)})`,
    );
  }
  if (guard.noCancelRequest) clauses.push(`attribute_not_exists(${name('cancelRequested')})`);
  return clauses;
}

/** Keys of the two indexes: by time at a row's birth, of the failed ones at that end. */
function indexKeys(change: TaskChange): Record<string, string> {
  const { createdAt, queue, endedAt } = change.set;
  const keys: Record<string, string> = {};
  if (createdAt !== undefined && queue !== undefined) {
    keys['gq'] = timeIndexPartition(queue, shardOf(change.id));
    keys['gt'] = indexSort(createdAt, change.id);
  }
  if (change.event === 'fail') {
    if (queue === undefined || endedAt === undefined)
      throw new Error('a failed end must set queue and endedAt');
    keys['fq'] = failedIndexPartition(queue, shardOf(change.id));
    keys['ft'] = indexSort(endedAt, change.id);
  }
  return keys;
}

function removedAttributes(change: TaskChange): string[] {
  const removed = (change.clear ?? []).flatMap((name: keyof TaskRow) =>
    name === 'stamp' ? ['ledger', 'ledgerN'] : [name],
  );
  const leavesFailed = (TASK_EVENTS[change.event].from as readonly string[]).includes('FAILED');
  return leavesFailed && change.event !== 'restamp' ? [...removed, 'fq', 'ft'] : removed;
}

/** One page of one shard of an index, in order of time. */
export function buildIndexPage(tableName: string, query: IndexQuery): QueryCommandInput {
  const isFailed = query.index === 'failed';
  const expression = new Expression();
  const partition = isFailed
    ? failedIndexPartition(query.queue, query.shard)
    : timeIndexPartition(query.queue, query.shard);
  const conditions = [
    `${expression.name(isFailed ? 'fq' : 'gq')} = ${expression.value('partition', partition)}`,
  ];
  if (query.after !== undefined) {
    const sort = expression.name(isFailed ? 'ft' : 'gt');
    conditions.push(`${sort} ${query.newestFirst ? '<' : '>'} ${expression.value('after', query.after)}`);
  }
  return {
    TableName: tableName,
    IndexName: isFailed ? 'open' : 'byTime',
    KeyConditionExpression: conditions.join(' AND '),
    ...expression.toInput(),
    ScanIndexForward: !query.newestFirst,
    Limit: query.limit,
  };
}
