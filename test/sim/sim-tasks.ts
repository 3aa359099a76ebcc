import { LISTING_SHARDS } from '../../src/core/limits.ts';
import type { ChangesTogether, IndexEntry, IndexPage, IndexQuery, TaskStore } from '../../src/core/ports.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { transition, type TaskChange } from '../../src/core/transition.ts';
import { request } from './requests.ts';
import type { SimProcess } from './sim-process.ts';
import { seenIn } from './tables.ts';
import type { World } from './world.ts';

const MAX_STATEMENTS = 25;
const PAYLOAD_NOTE = 40; // characters of a payload in the trace

/** Tasks in DynamoDB, as one process has them: `transition()` is what a conditional write does. */
export function makeSimTasks(process: SimProcess): TaskStore {
  const { world } = process;
  const { tables } = world;
  return {
    read: (id) => request(process, 'read task', () => tables.tasks.get(id), describe),
    show: (id) => request(process, 'read task', () => tables.tasks.get(id), describe),
    showMany: (ids) =>
      request(
        process,
        'read tasks',
        () =>
          new Map(
            ids.flatMap((id): [string, TaskRow][] => {
              const row = tables.tasks.get(id);
              return row ? [[id, row]] : [];
            }),
          ),
      ),
    change: (change) =>
      request(
        process,
        change.event,
        () => applyChange(process, change),
        ({ done, row }) => `${change.id} ${done ? '→' : 'REFUSED:'} ${describe(row)}`,
      ),
    ...(world.weather.together && { together: makeTogether(process) }),
    writeOutput: (id, output) =>
      request(process, 'write output', () => {
        if ((tables.outputs.get(id)?.attempt ?? 0) <= output.attempt) tables.outputs.set(id, output);
      }),
    readOutput: (id) => request(process, 'read output', () => tables.outputs.get(id)),
    writePayload: (id, text) =>
      request(
        process,
        'write payload',
        () => void tables.payloads.set(id, text),
        () => `${id} ${text.slice(0, PAYLOAD_NOTE)}`,
      ),
    readPayload: (id) => request(process, 'read payload', () => tables.payloads.get(id)),
    page: (query) => request(process, 'read page', () => readPage(world, query)),
  };
}

/** Statements in one request: each takes effect or not by itself, and the answer tells no rows. */
function makeTogether(process: SimProcess): ChangesTogether {
  const { world } = process;
  return {
    max: MAX_STATEMENTS,
    isOffered: () => true,
    change: (changes) =>
      request(
        process,
        `${changes[0]?.event} and others`,
        () =>
          changes.map((change) => {
            if (!world.isCalm && world.dice.chance(world.weather.partial)) {
              world.count('statement fails');
              return false;
            }
            return applyChange(process, change).done;
          }),
        (done) =>
          changes.map(({ id, event }, at) => `${event} ${id}${done[at] ? '' : ' REFUSED'}`).join('; '),
      ),
  };
}

function applyChange(process: SimProcess, change: TaskChange) {
  const { world } = process;
  const before = world.tables.tasks.get(change.id);
  const row = transition(before, change);
  if (!row) return { done: false as const, row: before };
  putRow(world, row);
  world.watch.changed(process, change, before, row);
  return { done: true as const, row };
}

/** Stores a row, and what the sparse index of failed tasks will show of it. */
export function putRow(world: World, row: TaskRow): void {
  const { tasks, failedIndex } = world.tables;
  const before = tasks.get(row.id);
  tasks.set(row.id, row);
  if (before?.state === row.state) return;
  if (before?.state === 'FAILED') {
    const span = failedIndex.findLast(({ entry }) => entry.task === row.id);
    if (span) span.until = world.now;
  }
  if (row.state === 'FAILED') {
    const key = sortKey(row.endedAt ?? 0, row.id);
    failedIndex.push({ key, entry: { queue: row.queue, task: row.id }, from: world.now });
  }
}

/** The index of failed tasks, which lags. The other one is not used by anything that changes state. */
function readPage(world: World, query: IndexQuery): IndexPage {
  if (query.index !== 'failed') throw new Error('the simulator keeps only the index of failed tasks');
  const lag = world.dice.between(0, world.weather.indexLagMs);
  if (lag > 0) world.count('stale index read');
  const { after, newestFirst } = query;
  const entries = seenIn(world.tables.failedIndex, world.now - lag)
    .filter(({ entry }) => entry.queue === query.queue && shardOf(entry.task) === query.shard)
    .map(({ key, entry }): IndexEntry => ({ key, at: Number(key.split('#')[0]), task: entry.task }))
    .sort((a, b) => (a.key < b.key === newestFirst ? 1 : -1))
    .filter(({ key }) => after === undefined || (newestFirst ? key < after : key > after));
  return { entries: entries.slice(0, query.limit), more: entries.length > query.limit };
}

function sortKey(ms: number, name: string): string {
  return `${String(ms).padStart(15, '0')}#${name}`;
}

function shardOf(name: string): number {
  let sum = 0;
  for (let at = 0; at < name.length; at += 1) sum = (sum * 31 + name.charCodeAt(at)) % 65_521;
  return sum % LISTING_SHARDS;
}

function describe(row: TaskRow | undefined): string {
  if (!row) return 'no row';
  const { id, state, attempt, failures, token, stamp, worker, countedAs } = row;
  return [
    `${id} ${state} attempt ${attempt} failures ${failures}`,
    token && `token ${token}`,
    state === 'RUNNING' && `of ${worker}`,
    row.cancelRequested && 'cancel requested',
    stamp && `stamp ${stamp.ledger}:${stamp.n}`,
    row.reason,
    countedAs && `counted as ${countedAs}`,
  ]
    .filter(Boolean)
    .join(', ');
}
