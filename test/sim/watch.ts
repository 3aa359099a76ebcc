import { NO_TOTALS, type Totals } from '../../src/core/ledger-row.ts';
import { sumTotals } from '../../src/core/ledger-book.ts';
import { isTerminal } from '../../src/core/task-states.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import type { TaskChange } from '../../src/core/transition.ts';
import type { Tables } from './tables.ts';

/** Trouble of before a claim may still be what lost its answer. */
const TROUBLE_MS = 10_000;

/** A process, as one who watches it sees it. */
export interface Suspect {
  readonly name: string;
  readonly isDead: boolean;
  /** True time (ms) of its last request that did not go well. */
  troubledAt: number;
}

/** A program that runs. */
export interface LiveProgram {
  readonly task: string;
  readonly attempt: number;
  readonly process: Suspect;
  readonly startedAt: number;
}

/** What is watched. */
export interface Watched {
  readonly tables: Tables;
  /** True time, ms. */
  readonly now: number;
  fail(what: string): void;
}

/** Watches a run, from where nobody in it can stand, for what must never be seen. */
export class Watch {
  readonly live = new Set<LiveProgram>();
  /** Messages that SQS took for each task. */
  readonly sent = new Map<string, number>();
  /** Workflows whose cancel was answered. */
  readonly cancelled = new Set<string>();
  /** Tasks that have ended, and may have been redriven since. */
  readonly everEnded = new Set<string>();
  readonly #world: Watched;
  readonly #runs = new Set<string>();
  readonly #claims = new Map<string, { process: Suspect; at: number }>();
  /** Attempts begun since the enqueue or the last redrive, without those handed back. */
  readonly #begun = new Map<string, number>();

  constructor(world: Watched) {
    this.#world = world;
  }

  started(program: LiveProgram, text: string): void {
    const { task, attempt, process } = program;
    const other = [...this.live].find((running) => running.task === task);
    if (other) {
      this.#world.fail(
        `G3 ${task}: ${process.name} starts attempt ${attempt} while attempt ${other.attempt} runs at ${other.process.name}`,
      );
    }
    const run = `${task}-${attempt}`;
    if (this.#runs.has(run)) this.#world.fail(`G2 ${task}: attempt ${attempt} is run twice (${text})`);
    this.#runs.add(run);
    const row = this.#world.tables.tasks.get(task);
    if (row?.state !== 'RUNNING' || row.attempt !== attempt) {
      this.#world.fail(`G3 ${task}: attempt ${attempt} starts, but its row is ${row?.state} ${row?.attempt}`);
    }
    this.live.add(program);
  }

  ended(program: LiveProgram): void {
    this.live.delete(program);
  }

  /** A row has changed. */
  changed(process: Suspect, change: TaskChange, before: TaskRow | undefined, after: TaskRow): void {
    const { id, event, set } = change;
    const fail = (what: string) => this.#world.fail(`${what} (${event} of ${id} by ${process.name})`);
    if (before && after.attempt < before.attempt) fail('G2 an attempt number has fallen');
    if (before?.state === 'RUNNING' && event !== 'beat' && event !== 'requestCancel') {
      this.#checkEndOfAttempt(process, before, fail);
      const output = set.stdout ?? `${id}-${before.attempt}`;
      if (output !== `${id}-${before.attempt}`)
        fail(`G2 attempt ${before.attempt} ends with what ${output} printed`);
    }
    if (isTerminal(after.state)) this.everEnded.add(id);
    if (event === 'redrive' || event === 'rerun') this.#begun.set(id, 0);
    if (event === 'claim' || event === 'takeOver' || event === 'rerun') {
      this.#begun.set(id, (this.#begun.get(id) ?? 0) + 1);
      this.#claims.set(id, { process, at: this.#world.now });
    }
    if (event === 'handBack') this.#begun.set(id, (this.#begun.get(id) ?? 0) - 1);
    if (
      before &&
      isTerminal(before.state) &&
      event !== 'redrive' &&
      event !== 'rerun' &&
      event !== 'restamp'
    ) {
      fail(`G2 a task that was ${before.state} becomes ${after.state}`);
    }
    if (after.state === 'FAILED' && before?.state !== 'FAILED' && after.reason !== 'invalid') {
      const begun = this.#begun.get(id) ?? 0;
      if (begun < after.maxAttempts) fail(`G1 FAILED after ${begun} of ${after.maxAttempts} attempts`);
    }
  }

  /** Only the process that claimed an attempt ends it, or somebody else when it can no longer. */
  #checkEndOfAttempt(process: Suspect, before: TaskRow, fail: (what: string) => void): void {
    const claim = this.#claims.get(before.id);
    if (!claim || claim.process === process) return;
    const program = [...this.live].find(
      ({ task, attempt }) => task === before.id && attempt === before.attempt,
    );
    if (program) fail(`G3 attempt ${before.attempt} is taken from ${claim.process.name}, where it runs`);
    const isUntroubled = !claim.process.isDead && claim.process.troubledAt < claim.at - TROUBLE_MS;
    if (isUntroubled)
      fail(`G3 attempt ${before.attempt} counts as lost, though nothing befell ${claim.process.name}`);
  }

  /** A message whose visibility ran out is delivered again. */
  redelivered(holder: Suspect | undefined, task: string): void {
    if (!holder || holder.isDead || this.sent.get(task) !== 1) return;
    const program = [...this.live].find((running) => running.task === task && running.process === holder);
    if (program && holder.troubledAt < program.startedAt - TROUBLE_MS) {
      this.#world.fail(`G3 ${task}: its message is delivered again, though ${holder.name} runs it in peace`);
    }
  }

  /** A ledger has moved on. */
  counted(): void {
    const totals = countedTotals(this.#world);
    if (Object.values(totals).some((count) => count < 0)) {
      this.#world.fail(`G4 a count is negative: ${JSON.stringify(totals)}`);
    }
  }
}

/** What progress would say now of the queue, or of a batch. */
export function countedTotals({ tables }: Pick<Watched, 'tables'>, batch?: string): Totals {
  const of = batch === undefined ? { queue: 'default' } : { batch };
  const folded = tables.folded.get(JSON.stringify(of));
  const open = [...tables.ledgers.values()].filter(({ ledger }) => !(ledger in (folded?.ledgers ?? {})));
  const own = open.map((ledger) =>
    batch === undefined ? ledger.totals : (ledger.batches[batch] ?? NO_TOTALS),
  );
  return sumTotals([folded?.totals ?? NO_TOTALS, ...own]);
}
