import { MillraceError } from '../../src/core/errors.ts';
import type { TaskSpec } from '../../src/core/task-spec.ts';
import { keepRunning, sleep, type Host } from './host.ts';
import { toError } from './requests.ts';
import { OUTSIDE } from './virtual-time.ts';
import type { World } from './world.ts';

/** What callers were promised, and what they asked for. */
export interface Book {
  /** Tasks that somebody got a 2xx for, or that SQS took. */
  readonly accepted: Set<string>;
  /** Every task that may exist, accepted or not. */
  readonly known: Set<string>;
  /** Workflows that somebody got a 2xx for. */
  readonly workflows: Set<string>;
  /** How many tasks each tag may make; every command carries one. */
  readonly tags: Map<string, number>;
  /** Bodies that no one can understand, by the id of their task. */
  readonly poison: Map<string, string>;
}

/** Errors that are an answer: asking again would bring the same one. */
const ANSWERS = [
  'content_conflict',
  'wrong_state',
  'unknown_task',
  'unknown_workflow',
  'not_counted_yet',
  'content_gone',
];

/** People and programs that call, and the two API processes that they reach. They retry; they may give up. */
export class Callers {
  readonly world: World;
  readonly book: Book = {
    accepted: new Set(),
    known: new Set(),
    workflows: new Set(),
    tags: new Map(),
    poison: new Map(),
  };
  readonly #apis: { readonly host: Host | undefined }[];
  #busy = 0;

  constructor(world: World) {
    this.world = world;
    this.#apis = [1, 2].map(() => keepRunning(world, 'api', () => new Promise(() => {})));
  }

  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Begins a job after so long. */
  plan(ms: number, job: () => Promise<void>): void {
    const { time } = this.world;
    this.#busy += 1;
    time.plan(time.now + ms, OUTSIDE, () => {
      void job().finally(() => (this.#busy -= 1));
    });
  }

  /** A command of this kind that no other task has. @param times how many tasks may be made of it */
  newSpec(kind: string, times = 1): TaskSpec & { command: string } {
    const { dice } = this.world;
    const tag = this.world.newName('#');
    this.book.tags.set(tag, times);
    const isEndless = kind === 'hangs' || kind === 'ignores-term';
    return {
      command: `${kind} ${tag}`,
      maxAttempts: dice.whole(1, 3),
      ...(isEndless && { timeoutSeconds: dice.whole(1, 20) }),
      ...(dice.chance(0.1) && { delaySeconds: dice.whole(1, 10) }),
    };
  }

  /** Calls the API until it answers. @returns undefined when the caller has given up */
  async call<T>(work: (host: Host) => Promise<T>, tries = 20): Promise<T | MillraceError | undefined> {
    for (let attempt = 0; attempt < tries; attempt += 1) {
      try {
        return await this.#callOnce(work);
      } catch (error) {
        if (error instanceof MillraceError && ANSWERS.includes(error.code)) return error;
      }
      await sleep(this.world.dice.between(100, 4000));
    }
    this.world.tell('caller', () => 'gives up');
    return undefined;
  }

  #callOnce<T>(work: (host: Host) => Promise<T>): Promise<T> {
    const { time, dice } = this.world;
    const host = dice.pick(this.#apis).host;
    if (!host) return Promise.reject(new Error('connection refused'));
    const { process } = host;
    return new Promise((resolve, reject) => {
      const tell = (settle: () => void) => void time.plan(time.now + 1, OUTSIDE, settle);
      process.onDeath(() => tell(() => reject(new Error('connection reset'))));
      time.plan(time.now + 1, process, () => {
        work(host).then(
          (answer) => tell(() => resolve(answer)),
          (error: unknown) => {
            this.world.tell(process.name, () => `answers ${(error as Error).message}`);
            tell(() => reject(toError(error)));
          },
        );
      });
    });
  }
}
