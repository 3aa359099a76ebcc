import type { Schedule } from './schedule.ts';
import type { LaterMessage } from './scheduler.ts';

/** What a stack that keeps its own time has to send: a task's message, once, or what a schedule makes. */
export interface Timer {
  readonly queue: string;
  /** Names it within its queue; timers are listed in this order. */
  readonly id: string;
  /** ms. Absent: it is paused. */
  readonly due?: number | undefined;
  /** Rises with each change; 0 is the timer that is not there yet. */
  readonly revision: number;
  readonly what: { readonly later: LaterMessage } | { readonly schedule: Schedule };
}

/** Timers, kept. */
export interface TimerStore {
  read(queue: string, id: string): Promise<Timer | undefined>;
  /** Writes it if the stored one still has this revision (0: none is stored). */
  put(timer: Timer, revision: number): Promise<boolean>;
  /** Removes it if the stored one has this revision. */
  remove(queue: string, id: string, revision: number): Promise<boolean>;
  /** Those of a queue whose ids begin so, behind `after`. */
  list(
    queue: string,
    prefix: string,
    limit: number,
    after?: string,
  ): Promise<{ timers: readonly Timer[]; more: boolean }>;
  /** Those that are due by this time (ms), the earliest first. */
  due(by: number, limit: number): Promise<readonly Pick<Timer, 'queue' | 'id'>[]>;
}
