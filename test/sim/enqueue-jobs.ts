import { batchTaskId, type ChunkTask } from '../../src/core/batch-row.ts';
import { enqueueChunk } from '../../src/core/enqueue-batch.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { MillraceError } from '../../src/core/errors.ts';
import type { TaskSpec } from '../../src/core/task-spec.ts';
import type { Callers } from './callers.ts';
import { sleep } from './host.ts';
import { PROGRAMS } from './sim-runner.ts';

const POISON = ['{"not json', '{"command": 5}', '{"command": "ok", "colour": "red"}', '{"args": []}', '  '];

export function kindOf(callers: Callers): string {
  const { dice } = callers.world;
  return dice.chance(0.5) ? 'ok' : dice.pick(PROGRAMS);
}

/** One task without a key: a retry may make another, so only what was answered is promised. */
export async function enqueueOne(callers: Callers): Promise<void> {
  const spec = callers.newSpec(kindOf(callers), Infinity);
  await callers.call(async ({ ending }) => {
    const { row } = await enqueueTask(ending.ports, ending.definition, spec);
    accept(callers, row.id);
  });
}

/** The same task under the same key, more than once; then another under that key. */
export async function enqueueKeyed(callers: Callers): Promise<void> {
  const { world } = callers;
  const { dice } = world;
  const key = world.newName('key');
  const spec = callers.newSpec(kindOf(callers));
  const send = async (of: TaskSpec) =>
    callers.call(async ({ ending }) => {
      const { row } = await enqueueTask(ending.ports, ending.definition, of, key);
      accept(callers, row.id);
    });
  const times = dice.whole(1, 3);
  if (times > 1) world.count('task sent again', times - 1);
  const answers = await Promise.all(
    Array.from({ length: times }, async (_, n) => {
      if (n > 0) await sleep(dice.between(0, dice.pick([10, 1000, 20_000])));
      return send(spec);
    }),
  );
  if (answers.some((answer) => answer instanceof MillraceError)) {
    world.fail(`G6 the same task under the same key ${key} is refused`);
  }
  if (!dice.chance(0.3) || answers.includes(undefined)) return;
  const answer = await send({ command: 'ok another' });
  if (answer !== undefined && !(answer instanceof MillraceError))
    world.fail(`G6 another task is taken under ${key}`);
}

/** A batch of a few chunks, sent once or twice; a loader may die half-way. */
export async function enqueueBatch(callers: Callers): Promise<void> {
  const { world, book } = callers;
  const { dice } = world;
  const batch = world.newName('batch');
  const chunks = Array.from({ length: dice.whole(1, 3) }, (_, chunk) => ({
    batch,
    chunk,
    queue: world.definition.name,
    tasks: Array.from({ length: dice.whole(1, 4) }, (_, at): ChunkTask => {
      book.known.add(batchTaskId(batch, chunk, at + 1));
      return { line: at + 1, task: callers.newSpec(kindOf(callers)) };
    }),
  }));
  const load = async (tries: number): Promise<void> => {
    for (const chunk of chunks) {
      if (tries === 1 && dice.chance(0.3)) return world.count('loader dies half-way');
      const answer = await callers.call(async ({ ending }) => {
        await enqueueChunk(ending.ports, chunk);
        for (const { line } of chunk.tasks) accept(callers, batchTaskId(batch, chunk.chunk, line));
      }, tries);
      if (answer instanceof MillraceError)
        world.fail(`G6 chunk ${chunk.chunk} of ${batch} is refused: ${answer.message}`);
      if (answer === undefined && tries === 1) return;
    }
  };
  const loads = [load(dice.pick([1, 20]))];
  if (dice.chance(0.4)) {
    world.count('batch sent again');
    loads.push(sleep(dice.between(0, dice.pick([10, 2000, 30_000]))).then(() => load(20)));
  }
  await Promise.all(loads);
  const first = chunks[0];
  if (!first || !dice.chance(0.3) || !book.accepted.has(batchTaskId(batch, 0, 1))) return;
  const other = { ...first, tasks: [...first.tasks, { line: 99, task: { command: 'ok another' } }] };
  const answer = await callers.call(({ ending }) => enqueueChunk(ending.ports, other));
  if (answer !== undefined || !world.tables.programs.get(`${batch}/0`)) return;
  if (world.tables.programs.get(`${batch}/0`)?.tasks.length !== first.tasks.length) {
    world.fail(`G6 chunk 0 of ${batch} has other tasks now`);
  }
}

/** A message that comes straight from SQS; often one that no one can understand. */
export async function sendRaw(callers: Callers): Promise<void> {
  const { world, book } = callers;
  const { dice } = world;
  if (dice.chance(0.5)) {
    const { command } = callers.newSpec(kindOf(callers).replace(/hangs|ignores-term/, 'ok'));
    accept(callers, world.main.accept({ body: command }));
    return;
  }
  world.count('poisonous message');
  const body = dice.pick(POISON);
  const version = dice.pick([undefined, undefined, '1', 'one', '0']);
  const id = world.main.accept({ body, ...(version !== undefined && { version }) });
  book.poison.set(id, body);
  accept(callers, id);
}

function accept({ book }: Callers, id: string): void {
  book.accepted.add(id);
  book.known.add(id);
}
