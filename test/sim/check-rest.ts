import { batchTaskId, parseBatchTaskId } from '../../src/core/batch-row.ts';
import { NO_TOTALS, type Totals } from '../../src/core/ledger-row.ts';
import { isTerminal } from '../../src/core/task-states.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { Book } from './callers.ts';
import { countedTotals } from './watch.ts';
import { checkWorkflows } from './watch-workflows.ts';
import type { World } from './world.ts';

/** What must hold of a queue at rest. */
export function checkRest(world: World, book: Book, when: string): void {
  const { tables } = world;
  const fail = (what: string) => world.fail(`${what} (${when})`);
  if (world.main.size + world.dead.size > 0) {
    fail(`G5 messages are left: ${[...world.main.bodies, ...world.dead.bodies].join(' | ').slice(0, 400)}`);
  }
  for (const id of book.accepted) {
    const row = tables.tasks.get(id);
    if (!row || !isTerminal(row.state)) fail(`G1 ${id} was accepted, and is ${row?.state ?? 'nowhere'}`);
  }
  for (const row of tables.tasks.values()) {
    if (!isTerminal(row.state)) fail(`G1 ${row.id} is ${row.state}`);
    if (row.state === 'FAILED') checkKept(world, book, row, fail);
  }
  for (const [id, body] of book.poison) {
    const row = tables.tasks.get(id);
    if (row?.state === 'SUCCEEDED') fail(`G5 ${id} cannot be understood, and SUCCEEDED`);
    if (row?.state === 'FAILED' && row.reason !== 'invalid')
      fail(`G5 ${id} FAILED for ${row.reason}: ${body}`);
  }
  checkCounts(world, fail);
  checkTags(world, book, fail);
  checkWorkflows(world, fail);
}

/** What failed can be redriven: what it ran is kept. */
function checkKept({ tables }: World, book: Book, row: TaskRow, fail: (what: string) => void): void {
  if (parseBatchTaskId(row.id)) return;
  const kept = tables.payloads.get(row.id);
  const text =
    book.poison.get(row.id) ?? (row.program && 'command' in row.program ? row.program.command : '');
  if (!kept?.includes(JSON.stringify(text)))
    fail(`G5 ${row.id} FAILED (${row.reason}), and its body is not kept`);
}

function checkCounts(world: World, fail: (what: string) => void): void {
  const { tables } = world;
  const rows = [...tables.tasks.values()];
  const compare = (what: string, counted: Totals, of: readonly TaskRow[]): void => {
    const totals = { ...NO_TOTALS };
    for (const { state } of of) if (isTerminal(state)) totals[state] += 1;
    if (JSON.stringify(counted) !== JSON.stringify(totals)) {
      fail(`G4 ${what} counts ${JSON.stringify(counted)}, its rows are ${JSON.stringify(totals)}`);
    }
  };
  compare('the queue', countedTotals(world), rows);
  for (const batch of new Set([...tables.programs.values()].map((chunk) => chunk.batch))) {
    compare(
      batch,
      countedTotals(world, batch),
      rows.filter(({ id }) => parseBatchTaskId(id)?.batch === batch),
    );
    const chunks = [...tables.programs.values()].filter((chunk) => chunk.batch === batch);
    // One whose mark was never made was accepted by no one, and waits for a resend.
    const marked = chunks.filter(({ chunk }) => tables.marks.has(`${batch}/${chunk}`));
    const ids = marked.flatMap(({ chunk, tasks }) =>
      tasks.map(({ line }) => batchTaskId(batch, chunk, line)),
    );
    for (const id of ids) if (!tables.tasks.has(id)) fail(`G1 ${id} is stored and never came to life`);
    const total = tables.batches.get(batch)?.total ?? 0;
    if (total !== ids.length)
      fail(`G4 ${batch} says that it has ${total} tasks, its chunks hold ${ids.length}`);
  }
}

/** Each command was meant to make so many tasks, however often it was sent. */
function checkTags({ tables }: World, book: Book, fail: (what: string) => void): void {
  const made = new Map<string, number>();
  for (const { program } of tables.tasks.values()) {
    const tag = /#\d+$/.exec(program && 'command' in program ? program.command : '')?.[0];
    if (tag !== undefined) made.set(tag, (made.get(tag) ?? 0) + 1);
  }
  for (const [tag, count] of made) {
    if (count > (book.tags.get(tag) ?? 0)) fail(`G6 ${count} tasks have been made of ${tag}`);
  }
}
