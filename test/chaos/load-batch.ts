import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { BatchProgress } from '../../src/core/progress.ts';
import { BIN, start, until, type Started } from '../support/processes.ts';
import { QUEUE, type Arena } from './arena.ts';
import type { Book } from './book.ts';
import type { PlannedLoad } from './plan.ts';
import { toSpec } from './task-program.ts';

/** One file on its way into a batch, by as many loaders as it takes: each of them may be killed. */
export class BatchLoad {
  readonly plan: PlannedLoad;
  readonly #arena: Arena;
  readonly #book: Book;
  readonly #signal: AbortSignal;
  readonly #begun = Promise.withResolvers<void>();
  #loader: Started | undefined;
  #isDone = false;
  /** As the loader's record says; a loader that died at its very end has left none. */
  #batch: string | undefined;

  constructor(arena: Arena, book: Book, plan: PlannedLoad, signal: AbortSignal) {
    this.plan = plan;
    this.#arena = arena;
    this.#book = book;
    this.#signal = signal;
    if (plan.isNamed) this.#batch = plan.name;
  }

  /** Resolves when its first chunk is on its way. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  get isUnderWay(): boolean {
    return this.#loader !== undefined && !this.#isDone;
  }

  /** @returns whether there was a loader to kill */
  kill(): boolean {
    return this.isUnderWay && this.#loader?.child.kill('SIGKILL') === true;
  }

  /** Until all of it is in. */
  async run(): Promise<void> {
    const { name, isNamed, tasks } = this.plan;
    const file = this.#arena.path(`${name}.ndjson`);
    const lines = tasks.map((task) => JSON.stringify(toSpec(this.#arena.script, task.tag, task)));
    await writeFile(file, `${lines.join('\n')}\n`);
    const args = ['load', QUEUE, file, '--json', '--patience', '120', ...(isNamed ? ['--batch', name] : [])];
    for (let round = 1; !this.#isDone; round += 1) {
      this.#signal.throwIfAborted();
      if (round > 100) throw new Error(`load ${name} came to no end in ${round} rounds`);
      if (round > 1) this.#book.count('load resumed');
      await this.#arena.up(); // a command that is started while the stack is down does not find it
      await this.#runLoader(args);
    }
    if (this.#batch === undefined) throw new Error(`nobody knows which batch load ${name} is`);
    this.#book.batches.set(name, { id: this.#batch, tasks: tasks.length });
    for (const { tag } of tasks) this.#book.noteSent(tag, 1, 1);
    this.#begun.resolve(); // whoever waited to disturb it comes too late, and sees that
  }

  async #runLoader(args: readonly string[]): Promise<void> {
    const loader = start(process.execPath, [BIN, ...args], { cwd: this.#arena.home, env: this.#arena.env });
    this.#loader = loader;
    let isRunning = true;
    const watch = until(
      'the load to begin',
      async () => !isRunning || (await this.#hasBegun()),
      120_000,
    ).then(
      () => isRunning && this.#begun.resolve(),
      () => {}, // the end of the load makes up for it
    );
    const code = await loader.exit;
    isRunning = false;
    await watch;
    const { name, tasks, isNamed } = this.plan;
    if (code === 0) {
      const summary = JSON.parse(loader.stdout()) as BatchProgress & { accepted: number };
      if (this.#batch !== undefined && summary.id !== this.#batch) {
        this.#book.violations.push(`G6 load ${name} went on as batch ${summary.id}, not ${this.#batch}`);
      }
      this.#batch = summary.id;
      if (summary.accepted !== tasks.length) {
        this.#book.violations.push(
          `G1 load ${name} has ${tasks.length} tasks, ${summary.accepted} were accepted`,
        );
      }
      this.#isDone = true;
    } else if (code === 'SIGKILL') {
      // The record goes when all is in: a second load would be another batch, as it should be.
      if (!isNamed && this.#batch !== undefined && !(await this.#readRecord())) this.#isDone = true;
    } else if (this.#arena.isUp && !/unavailable|no_target|reach/i.test(loader.stderr())) {
      throw new Error(`load ${name} exited ${code}: ${loader.stderr()}`);
    }
  }

  async #hasBegun(): Promise<boolean> {
    if (this.plan.isNamed) {
      // It keeps no record, and asking for the batch would need the stack that is about to be killed.
      return this.#loader !== undefined && this.#arena.isUp && (await this.#isConnected());
    }
    return (await this.#readRecord()) !== undefined;
  }

  async #readRecord(): Promise<{ batch: string } | undefined> {
    const folder = this.#arena.path('data', 'loads');
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.endsWith('.json')) continue;
      const text = await readFile(`${folder}/${name}`, 'utf8').catch(() => '');
      if (!text.includes(`${this.plan.name}.ndjson`)) continue;
      const record = JSON.parse(text) as { batch: string };
      this.#batch ??= record.batch;
      return record;
    }
    return undefined;
  }

  async #isConnected(): Promise<boolean> {
    return this.#arena.client.readBatch(this.plan.name).then(
      () => true,
      () => false,
    );
  }
}
