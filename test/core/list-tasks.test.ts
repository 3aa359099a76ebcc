import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchTaskId } from '../../src/core/batch-row.ts';
import { listTasks, type ListQuery } from '../../src/core/list-tasks.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { TASK_STATES, type TaskState } from '../../src/core/task-states.ts';
import { makeMemoryPorts, START } from '../fakes/memory-ports.ts';

const QUEUE = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 3 });

function makeWorld() {
  const { ports, state } = makeMemoryPorts([QUEUE]);
  const putTask = (id: string, createdAt: number, taskState: TaskState = 'PENDING') =>
    state.tasks.set(id, {
      id,
      queue: 'default',
      state: taskState,
      hash: 'h',
      createdAt,
      maxAttempts: 3,
      attempt: 0,
      failures: 0,
      ...(taskState === 'FAILED' && { endedAt: createdAt }),
    });
  const putChunk = (batch: string, createdAt: number, size: number) =>
    state.chunks.set(`${batch}/0`, {
      batch,
      chunk: 0,
      queue: 'default',
      hash: 'h',
      createdAt,
      sent: true,
      tasks: Array.from({ length: size }, (_, i) => ({ line: i + 1, task: { command: `echo ${i}` } })),
    });
  const pages = async (query: Partial<ListQuery>, betweenPages: (page: number) => void = () => {}) => {
    const found: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await listTasks(ports, QUEUE, { limit: 50, newestFirst: true, ...query, cursor });
      found.push(page.tasks.map(({ id }) => id));
      cursor = page.cursor;
      betweenPages(found.length);
      if (found.length > 1000) throw new Error('the list does not end');
    } while (cursor !== undefined);
    return found;
  };
  return { ports, state, putTask, putChunk, pages };
}

describe('listTasks', () => {
  it('shows every task once and in order, for any mix of rows, chunks and claimed tasks, and any page size', async () => {
    const entry = fc.record({
      at: fc.nat({ max: 20 }),
      size: fc.nat({ max: 6 }),
      claimed: fc.subarray([1, 2, 3, 4, 5, 6]),
      state: fc.constantFrom(...TASK_STATES),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        fc.option(fc.constantFrom(...TASK_STATES), { nil: undefined }),
        async (entries, limit, newestFirst, state) => {
          const world = makeWorld();
          for (const [i, { at, size, claimed, state: rowState }] of entries.entries()) {
            if (size === 0) world.putTask(`t${i}`, START + at, rowState);
            else world.putChunk(`b${i}`, START + at, size);
            for (const line of claimed.filter((one) => one <= size)) {
              world.putTask(batchTaskId(`b${i}`, 0, line), START + at, rowState);
            }
          }
          const expected = [
            ...[...world.state.tasks.values()].map(({ id, state: rowState }) => ({
              id,
              state: rowState,
            })),
            ...[...world.state.chunks.values()].flatMap(({ batch, tasks }) =>
              tasks
                .map(({ line }) => batchTaskId(batch, 0, line))
                .filter((id) => !world.state.tasks.has(id))
                .map((id) => ({ id, state: 'PENDING' })),
            ),
          ].filter((task) => state === undefined || task.state === state);
          const found = (await world.pages({ limit, newestFirst, state })).flat();
          expect(found.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
          const timeOf = (id: string) =>
            world.state.tasks.get(id)?.createdAt ??
            world.state.chunks.get(`${id.split('.')[0]}/0`)?.createdAt ??
            0;
          const times = found.map(timeOf);
          expect(times).toEqual(times.toSorted((a, b) => (newestFirst ? b - a : a - b)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not end a page before its time when there are more entries than one look at each shard shows', async () => {
    const world = makeWorld();
    for (let i = 0; i < 700; i += 1) world.putTask(`t${i}`, START + i);
    const pages = await world.pages({ limit: 300, newestFirst: false });
    expect(pages.map((page) => page.length)).toEqual([300, 300, 100]);
    expect(pages.flat()).toEqual(Array.from({ length: 700 }, (_, i) => `t${i}`));
  });

  it('bounds its work: where few tasks are in the state asked for, a page is short and has a cursor', async () => {
    const world = makeWorld();
    for (let i = 0; i < 5000; i += 1) world.putTask(`t${i}`, START + i, 'SUCCEEDED');
    world.putTask('old', START - 1, 'RUNNING');
    const pages = await world.pages({ state: 'RUNNING' });
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.slice(0, -1).every((page) => page.length === 0)).toBe(true);
    expect(pages.flat()).toEqual(['old']);
  });

  it('shows no task twice, and skips none, when newer ones come in between two pages', async () => {
    const world = makeWorld();
    world.putChunk('b', START, 7);
    for (let i = 0; i < 5; i += 1) world.putTask(`t${i}`, START + 1 + i);
    const found = await world.pages({ limit: 4 }, (page) => world.putTask(`new${page}`, START + 100 + page));
    expect(found.flat()).toEqual([
      't4',
      't3',
      't2',
      't1',
      't0',
      ...[7, 6, 5, 4, 3, 2, 1].map((n) => `b.0.${n}`),
    ]);
  });

  it.each([undefined, 'FAILED'] as const)(
    'shows a task or chunk once that its index has twice (%s)',
    async (state) => {
      const world = makeWorld();
      world.putTask('t', START + 5, state);
      if (!state) world.putChunk('b', START + 5, 2);
      const page = world.ports.tasks.page.bind(world.ports.tasks);
      // As an index that lags has it, or one whose server was killed between index and item.
      world.ports.tasks.page = async (query) => {
        const { entries, more } = await page(query);
        const stale = entries.map((entry) => ({ ...entry, at: START, key: `0${entry.key}`.slice(0, -1) }));
        const isFirst = query.after === undefined;
        return { entries: [...(isFirst && !query.newestFirst ? stale : []), ...entries], more };
      };
      const found = await world.pages({ newestFirst: false, state });
      expect(found.flat()).toEqual(state ? ['t'] : ['b.0.1', 'b.0.2', 't']);
    },
  );

  it('goes on rightly inside of a chunk when a task slips in just before it', async () => {
    const world = makeWorld();
    world.putChunk('b', START, 6);
    world.putTask('first', START - 10);
    // Its writer's clock was slow: it sorts between what has been shown and the rest of the chunk.
    const late = (page: number) => (page === 1 ? world.putTask('late', START - 5) : undefined);
    const found = await world.pages({ limit: 4, newestFirst: false }, late);
    expect(found.flat().filter((id) => id.startsWith('b.'))).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `b.0.${n}`),
    );
  });
});
