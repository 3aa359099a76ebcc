import type { CallCount } from '../../src/aws/call-ledger.ts';
import type { Kind, Task } from '../workload.ts';

/** A queue with its workers: Millrace, or what people use instead. */
export interface System {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** In how many rounds of a section it takes part, where that is not all of them. */
  readonly roundsOf?: Readonly<Record<string, number>>;
  /** How much of a drain’s tasks it is given, where that is not all of them. */
  readonly share?: number;
  /** Servers and an empty queue, for one measurement. */
  readonly open: () => Promise<Session>;
  /** Ends what its measurements share. */
  readonly close?: () => Promise<void>;
}

/** One measurement's own queue. `close` ends whatever runs for it. */
export interface Session {
  /** As its users enqueue many. @returns how long the calls took, in ms, without the start of the program */
  readonly enqueue: (kind: Kind, tasks: readonly Task[]) => Promise<number>;
  /**
   * Starts what works on it.
   * @param tasks that it is to expect: how far to fetch ahead depends on them
   * @param until where a worker can tell: it ends at an empty queue, or goes on until it is stopped
   */
  readonly startWorker: (
    kind: Kind,
    slots: number,
    tasks: readonly Task[],
    until: 'empty' | 'stopped',
  ) => Promise<Worker>;
  /** Enqueues commands one by one, one every so often. @returns when each call began, in ms since 1970 */
  readonly trickle: (commands: readonly string[], periodMs: number) => Promise<number[]>;
  readonly close: () => Promise<void>;
}

/** Times are in ms since 1970. */
export interface Worker {
  /** Its processes; more than one where slots are processes that are started one by one. */
  readonly pids: readonly number[];
  /** Why it has ended, when it has. */
  readonly ended: () => string | undefined;
  /** How many tasks have ended until now: cheap, it is asked a hundred times a second. */
  readonly done: () => number;
  readonly times: () => Promise<Times>;
  readonly stop: () => Promise<void>;
  /** Of Millrace: what it has asked of AWS, by operation, once it has come to its end. */
  readonly calls?: () => Promise<Readonly<Record<string, CallCount>>>;
}

export interface Times {
  /**
   * When the first task started. Asked only where it is needed: to find it out may cost something.
   * @param after so many that were enqueued, and had ended, before the others
   */
  readonly firstStart: (after: number) => Promise<number>;
  /** Of work, as all of them tell it, where `ends` are told once they are recorded. */
  readonly lastEnd?: () => Promise<number>;
  readonly ends: readonly number[];
}
