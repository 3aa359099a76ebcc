import type { Schedule } from './schedule.ts';

/** A message of one task that is to be sent once, later. */
export interface LaterMessage {
  readonly queue: string;
  readonly task: string;
  /** Digest of what the task runs: another content under this id is another message. */
  readonly hash: string;
  /** ms. It is sent then or somewhat later. */
  readonly at: number;
  /** Of an envelope; `tenant` is the fair-queue key. */
  readonly message: { readonly body: string; readonly version: string; readonly tenant?: string | undefined };
}

export interface SchedulePage {
  readonly schedules: readonly Schedule[];
  /** Go on from here; absent at the end. */
  readonly cursor?: string;
}

/**
 * Sends messages when their time has come, each at least once. As with every port, a method that rejects may have
 * taken effect.
 */
export interface Scheduler {
  /** The longest body that it keeps, in bytes. */
  readonly maxBodyBytes: number;
  /** Accepted once it resolves. One that is there already stays as it is. */
  sendLater(later: LaterMessage): Promise<void>;
  /** Sends it no more, unless it has been sent. */
  dropLater(later: Pick<LaterMessage, 'queue' | 'task' | 'hash'>): Promise<void>;
  /** @returns the one that has the name already, if one has; then nothing is changed */
  create(schedule: Schedule): Promise<Schedule | undefined>;
  /** False: there is none of that name. */
  replace(schedule: Schedule): Promise<boolean>;
  read(queue: string, name: string): Promise<Schedule | undefined>;
  /** By name. A page may be short, and still have a cursor. */
  list(queue: string, limit: number, cursor?: string): Promise<SchedulePage>;
  /** False: there was none. */
  remove(queue: string, name: string): Promise<boolean>;
}
