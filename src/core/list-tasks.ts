import { batchTaskId, type ChunkRow } from './batch-row.ts';
import { MillraceError } from './errors.ts';
import { LISTING_SHARDS, MAX_PAGE_BYTES } from './limits.ts';
import type { IndexEntry, Ports } from './ports.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { TaskState } from './task-states.ts';
import { byteLength } from './task-spec.ts';
import { toTaskView, toUnclaimedView, type TaskView } from './task-view.ts';

export interface ListQuery {
  readonly state?: TaskState | 'EXPIRED' | undefined;
  readonly limit: number;
  readonly newestFirst: boolean;
  readonly cursor?: string | undefined;
}

export interface TaskList {
  readonly tasks: readonly TaskView[];
  /** Go on from here; absent at the end. */
  readonly cursor?: string;
}

/** Index entries looked at for one page: bounds its cost where few tasks are in the state asked for. */
const MAX_LOOKED_AT = 2000;

/**
 * One page of a queue's tasks by time, merged over the shards of the index. PENDING tasks of batches come from
 * their chunks, since they have no rows. A page may be short, or empty, and still have a cursor.
 * @throws MillraceError `invalid_request` for a cursor that is none
 */
export async function listTasks(
  ports: Ports,
  definition: QueueDefinition,
  query: ListQuery,
): Promise<TaskList> {
  const index = query.state === 'FAILED' ? 'failed' : 'all';
  const from = parseCursor(query.cursor);
  const found: TaskView[] = [];
  let after = from.after;
  let lookedAt = 0;
  let bytes = 0;
  while (lookedAt < MAX_LOOKED_AT) {
    const entries = await mergedEntries(ports, definition.name, index, query, after);
    if (entries.length === 0) return { tasks: found };
    for (const batchOfEntries of inStretches(entries)) {
      const views = await viewsOf(ports, definition, batchOfEntries, query);
      for (const { key, tasks } of views) {
        const shown = key === from.within ? from.shown : 0;
        for (const [position, view] of tasks.entries()) {
          if (position < shown || !view || !isWanted(view, query.state)) continue;
          found.push(view);
          bytes += byteLength(JSON.stringify(view));
          if (found.length === query.limit || bytes >= MAX_PAGE_BYTES) {
            return { tasks: found, cursor: toCursor(key, position + 1, tasks.length, after) };
          }
        }
        after = key;
        lookedAt += tasks.length;
      }
      if (lookedAt >= MAX_LOOKED_AT) break;
    }
  }
  return { tasks: found, cursor: toCursor(after ?? '', 0, 0, after) };
}

/** The next entries of all shards in order, up to the point to which every shard is known. */
async function mergedEntries(
  ports: Ports,
  queue: string,
  index: 'all' | 'failed',
  query: ListQuery,
  after: string | undefined,
): Promise<readonly IndexEntry[]> {
  const { newestFirst } = query;
  const limit = Math.min(100, query.limit + 1);
  const pages = await Promise.all(
    Array.from({ length: LISTING_SHARDS }, (_, shard) =>
      ports.tasks.page({ queue, index, shard, newestFirst, limit, after }),
    ),
  );
  const before = (a: string, b: string) => (newestFirst ? a > b : a < b);
  let horizon: string | undefined;
  for (const page of pages) {
    const last = page.entries.at(-1)?.key;
    if (page.more && last !== undefined && (horizon === undefined || before(last, horizon))) horizon = last;
  }
  return pages
    .flatMap((page) => page.entries)
    .filter(({ key }) => horizon === undefined || !before(horizon, key))
    .sort((a, b) => (before(a.key, b.key) ? -1 : 1));
}

/** Chunks one at a time (they are large), tasks up to 100 together. */
function* inStretches(entries: readonly IndexEntry[]): Generator<readonly IndexEntry[]> {
  let stretch: IndexEntry[] = [];
  for (const entry of entries) {
    if ('chunk' in entry || stretch.length === 100) {
      if (stretch.length > 0) yield stretch;
      stretch = [];
    }
    if ('chunk' in entry) yield [entry];
    else stretch.push(entry);
  }
  if (stretch.length > 0) yield stretch;
}

/** What entries stand for; one that its row does not bear out stands for nothing, or a task would be shown twice. */
async function viewsOf(
  ports: Ports,
  definition: QueueDefinition,
  entries: readonly IndexEntry[],
  query: ListQuery,
): Promise<readonly { key: string; tasks: readonly (TaskView | undefined)[] }[]> {
  const now = ports.clock();
  const rows = await ports.tasks.showMany(entries.flatMap((entry) => ('task' in entry ? [entry.task] : [])));
  const views: { key: string; tasks: readonly (TaskView | undefined)[] }[] = [];
  for (const entry of entries) {
    if ('task' in entry) {
      const row = rows.get(entry.task);
      const of = query.state === 'FAILED' ? row?.endedAt : row?.createdAt;
      // Of a newer version's row its time may not be understood.
      const isSo = row && (row.newerVersion !== undefined || entry.at === Math.floor(of ?? 0));
      views.push({ key: entry.key, tasks: isSo ? [toTaskView(row, now)] : [] });
    } else {
      const chunk = await ports.batches.readChunk(entry.chunk.batch, entry.chunk.chunk);
      const isSo = chunk && entry.at === Math.floor(chunk.createdAt);
      const tasks = isSo ? await unclaimedOf(ports, definition, chunk) : [];
      views.push({ key: entry.key, tasks: query.newestFirst ? tasks.reverse() : tasks });
    }
  }
  return views;
}

/** The tasks of a chunk in their places, those that have been claimed left out: a cursor counts places. */
async function unclaimedOf(
  ports: Ports,
  definition: QueueDefinition,
  chunk: ChunkRow,
): Promise<(TaskView | undefined)[]> {
  const ids = chunk.tasks.map(({ line }) => batchTaskId(chunk.batch, chunk.chunk, line));
  const rows = await ports.tasks.showMany(ids);
  return chunk.tasks.map(({ task }, position) => {
    const id = ids[position] ?? '';
    return rows.has(id) ? undefined : toUnclaimedView(chunk, id, task, definition);
  });
}

function isWanted(view: TaskView, state: ListQuery['state']): boolean {
  if (state === undefined) return true;
  return state === 'EXPIRED' ? view.expired === true : view.state === state;
}

/**
 * A cursor: the key to go on behind, and, inside of a chunk, the key of that chunk and how many of its tasks have
 * been shown. The chunk is named, since an entry of a slow clock may come to lie between the two keys.
 */
function toCursor(key: string, position: number, length: number, after: string | undefined): string {
  const state = position < length ? [after ?? '', key, position] : [key];
  return btoa(JSON.stringify(state)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

interface Start {
  readonly after: string | undefined;
  readonly within?: string | undefined;
  readonly shown: number;
}

function parseCursor(cursor: string | undefined): Start {
  if (cursor === undefined) return { after: undefined, shown: 0 };
  try {
    const [after, within, shown = 0] = JSON.parse(
      atob(cursor.replaceAll('-', '+').replaceAll('_', '/')),
    ) as unknown[];
    const isWithin = within === undefined || typeof within === 'string';
    if (typeof after === 'string' && isWithin && typeof shown === 'number') {
      return { after: after || undefined, within, shown };
    }
  } catch {
    // falls through to the error below
  }
  throw new MillraceError('invalid_request', 'This cursor is none of ours.', {
    got: cursor.slice(0, 80),
    hint: 'Use the `cursor` of the page before, unchanged, or leave it out to start anew.',
  });
}
