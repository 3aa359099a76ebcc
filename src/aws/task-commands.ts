import type { QueryCommandInput, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { PROTOCOL_VERSION } from '../core/envelope.ts';
import type { IndexQuery } from '../core/ports.ts';
import { TASK_EVENTS } from '../core/task-states.ts';
import type { TaskRow } from '../core/task-row.ts';
import { statesBefore, type Guard, type TaskChange } from '../core/transition.ts';
import { Expression } from './dynamo.ts';
import { failedIndexPartition, indexSort, shardOf, taskKey, timeIndexPartition } from './keys.ts';
import { toUpdateItem, type Clause, type RowWrite } from './row-write.ts';

/** A change of a task → its conditional update. */
export function buildTaskChange(tableName: string, change: TaskChange): UpdateItemCommandInput {
  return toUpdateItem(tableName, describeChange(change));
}

/**
 * A change of a task → what is written on what conditions: the states in them come from the table of events, the rest
 * from the guard.
 */
export function describeChange(change: TaskChange): RowWrite {
  const { stamp, id: _id, state: _state, ...plain } = change.set;
  const { to } = TASK_EVENTS[change.event];
  const before = statesBefore(change);
  const states = before.filter((state) => state !== 'none');
  // Written on every change, so that a row born by any of them has both counters.
  const raise = (['attempt', 'failures'] as const)
    .filter((counter) => !(counter in plain))
    .map((counter) => [counter, change.raise?.includes(counter) ? 1 : 0] as const);
  return {
    key: taskKey(change.id),
    set: {
      v: PROTOCOL_VERSION,
      ...(to !== 'same' && { state: to }),
      ...plain,
      ...(stamp && { ledger: stamp.ledger, ledgerN: stamp.n }),
      ...indexKeys(change),
    },
    raise: Object.fromEntries(raise),
    remove: removedAttributes(change).filter((name) => !(name in change.set)),
    ...(states.length > 0 && {
      when: [
        { attribute: 'state', is: 'in', values: states },
        { attribute: 'v', is: '<=', value: PROTOCOL_VERSION },
        ...toClauses(change.guard),
      ],
    }),
    mayBeAbsent: before.includes('none'),
  };
}

function toClauses(guard: Guard): Clause[] {
  const clauses: Clause[] = [];
  const equal = (attribute: string, value: unknown): void => {
    if (value !== undefined) clauses.push({ attribute, is: '=', value });
  };
  equal('attempt', guard.attempt);
  if (guard.token === null) clauses.push({ attribute: 'token', is: 'absent' });
  else equal('token', guard.token);
  equal('ledger', guard.stamp?.ledger);
  equal('ledgerN', guard.stamp?.n);
  equal('hash', guard.hash);
  if (guard.leaseBefore !== undefined)
    clauses.push({ attribute: 'lease', is: '<', value: guard.leaseBefore });
  if (guard.dueBy !== undefined)
    clauses.push({ attribute: 'notBefore', is: 'absent or <=', value: guard.dueBy });
  if (guard.noCancelRequest) clauses.push({ attribute: 'cancelRequested', is: 'absent' });
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
