import { GetQueueAttributesCommand, SQSClient, type QueueAttributeName } from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TERMINAL_STATES, type TerminalState } from '../../src/core/task-states.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { QUEUE, type Arena } from './arena.ts';
import type { Book } from './book.ts';

/** Nothing has changed for so long: it will not come to rest. Longer than lease, skew and back-off together. */
const STUCK_MS = 120_000;

const AT_ONCE = 16;

const ATTRIBUTES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const satisfies QueueAttributeName[];

/** Resolves when no message is left in the queue or its dead letters. @returns what is stuck, should it be */
export async function waitForRest(arena: Arena, signal: AbortSignal): Promise<string | undefined> {
  let [seen, changedAt, quiet] = ['', performance.now(), 0];
  while (quiet < 2) {
    const messages = await countMessages(arena);
    const { total: _, ...progress } = await arena.client.queue(QUEUE);
    const now = JSON.stringify({ messages, progress });
    const isRest = messages.every((count) => count === 0) && progress.running === 0 && progress.pending === 0;
    quiet = isRest ? quiet + 1 : 0;
    if (now !== seen) [seen, changedAt] = [now, performance.now()];
    if (performance.now() - changedAt > STUCK_MS) return now;
    await sleep(250, undefined, { signal });
  }
  return undefined;
}

/** Visible, in flight, delayed; of the queue, then of its dead letters. */
async function countMessages(arena: Arena): Promise<number[]> {
  const { endpoint, key, url } = arena.sqs;
  const credentials = { accessKeyId: key, secretAccessKey: key };
  const sqs = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  try {
    const answers = await Promise.all(
      [url, `${url}-dead`].map((QueueUrl) =>
        sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...ATTRIBUTES] })),
      ),
    );
    return answers.flatMap(({ Attributes }) => ATTRIBUTES.map((name) => Number(Attributes?.[name])));
  } finally {
    sqs.destroy();
  }
}

/** All tasks of the queue, page by page. */
export async function listAll(arena: Arena): Promise<TaskView[]> {
  const views: TaskView[] = [];
  let cursor: string | undefined;
  do {
    const page = await arena.client.listTasks(QUEUE, { limit: 500, cursor, oldestFirst: true });
    views.push(...page.tasks);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return views;
}

/** With output and result, which a listing leaves out where they are long. */
export async function readWhole(arena: Arena, views: readonly TaskView[]): Promise<TaskView[]> {
  const whole: TaskView[] = [];
  for (let at = 0; at < views.length; at += AT_ONCE) {
    const some = views.slice(at, at + AT_ONCE);
    whole.push(...(await Promise.all(some.map(({ id }) => arena.client.readTask(id)))));
  }
  return whole;
}

/** The counts of the queue, and of each batch, are what its rows add up to. */
export async function checkCounts(
  arena: Arena,
  book: Book,
  views: readonly TaskView[],
  fail: (what: string) => void,
): Promise<void> {
  compare('the queue', await arena.client.queue(QUEUE), views, fail);
  for (const [name, { id, tasks }] of book.batches) {
    const rows = views.filter(({ batch }) => batch === id);
    if (rows.length !== tasks) fail(`G1 batch ${name} has ${tasks} tasks and ${rows.length} rows`);
    compare(`batch ${name}`, await arena.client.readBatch(id), rows, fail);
  }
}

type Counts = Readonly<Record<'total' | 'pending' | 'running' | Lowercase<TerminalState>, number>>;

function compare(
  what: string,
  counts: Counts,
  rows: readonly TaskView[],
  fail: (what: string) => void,
): void {
  if (counts.total !== rows.length) fail(`G4 ${what} says ${counts.total} tasks; there are ${rows.length}`);
  if (counts.pending + counts.running !== 0) {
    fail(`G4 ${what} is at rest, and says ${counts.pending} pending, ${counts.running} running`);
  }
  for (const state of TERMINAL_STATES) {
    const name = state.toLowerCase() as Lowercase<TerminalState>;
    const real = rows.filter((row) => row.state === state).length;
    if (counts[name] !== real) fail(`G4 ${what} says ${counts[name]} ${name}; there are ${real}`);
  }
}
