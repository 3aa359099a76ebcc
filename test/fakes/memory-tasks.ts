import { LISTING_SHARDS } from '../../src/core/limits.ts';
import type { IndexEntry, IndexQuery, TaskOutput, TaskStore } from '../../src/core/ports.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { transition, type TaskChange } from '../../src/core/transition.ts';
import type { MemoryState } from './memory-state.ts';

/** Tasks in memory: `transition()` is what a conditional write does. */
export function makeMemoryTasks(state: MemoryState): TaskStore {
  const read = (id: string): TaskRow | undefined => {
    const row = state.tasks.get(id);
    return row && (row.expiresAt ?? Infinity) * 1000 > state.now ? row : undefined;
  };
  return {
    read: async (id) => read(id),
    show: async (id) => read(id),
    showMany: async (ids) =>
      new Map(
        ids.flatMap((id): [string, TaskRow][] => {
          const row = read(id);
          return row ? [[id, row]] : [];
        }),
      ),
    change: async (change: TaskChange) => {
      const before = read(change.id);
      const after = transition(before, change);
      if (!after) return { done: false, row: before };
      const row = stored(after);
      state.tasks.set(change.id, row);
      return { done: true, row };
    },
    writeOutput: async (id, output) => {
      if ((state.outputs.get(id)?.attempt ?? 0) <= output.attempt) state.outputs.set(id, stored(output));
    },
    readOutput: async (id): Promise<TaskOutput | undefined> => state.outputs.get(id),
    writePayload: async (id, text) => void state.payloads.set(id, text),
    readPayload: async (id) => state.payloads.get(id),
    page: async (query) => {
      const { after, newestFirst } = query;
      const entries = indexEntries(state, query)
        .sort((a, b) => (a.key < b.key === newestFirst ? 1 : -1))
        .filter(({ key }) => after === undefined || (newestFirst ? key < after : key > after));
      return { entries: entries.slice(0, query.limit), more: entries.length > query.limit };
    },
  };
}

/** As a store keeps it: a copy, without what is undefined. */
export function stored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function indexEntries(state: MemoryState, { queue, index, shard }: IndexQuery): IndexEntry[] {
  const entries: IndexEntry[] = [];
  for (const row of state.tasks.values()) {
    if (row.queue !== queue || shardOf(row.id) !== shard) continue;
    const at = (index === 'all' ? row.createdAt : row.endedAt) ?? 0;
    if (index === 'all' || row.state === 'FAILED')
      entries.push({ key: sortKey(at, row.id), at, task: row.id });
  }
  if (index === 'failed') return entries;
  for (const { batch, chunk, queue: of, createdAt } of state.chunks.values()) {
    const name = `${batch}.${chunk}`;
    if (of === queue && shardOf(name) === shard) {
      entries.push({ key: sortKey(createdAt, name), at: createdAt, chunk: { batch, chunk } });
    }
  }
  return entries;
}

function sortKey(ms: number, name: string): string {
  return `${String(ms).padStart(15, '0')}#${name}`;
}

function shardOf(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return sum % LISTING_SHARDS;
}
