/** What a queue's workers and API must know at any moment. */
export interface QueueControl {
  readonly paused: boolean;
  /** Tasks enqueued (or redriven) before this time (ms) are cancelled. */
  readonly purgedBefore: number;
  /** Counts cancel requests; a change tells workers to beat at once. */
  readonly cancels: number;
  /** Absent: nobody has looked yet. */
  readonly renewal?: RenewalState;
  /** Absent: nobody has met any. */
  readonly newer?: NewerNote;
}

/** Messages that a drain worker did not stay for, since only newer workers can run them. */
export interface NewerNote {
  /** The newest that this worker understood. */
  readonly version: number;
  readonly count: number;
  /** ms: until then they are no reason for another such worker. */
  readonly until: number;
}

/** What is known of the age of a queue's messages, in ms; see src/core/renew-waiting.ts. Any statement stays true. */
export interface RenewalState {
  /** The queue held nothing then: none of its messages is older. 0: that was never seen. */
  readonly emptyAt: number;
  /** Before this time nothing needs to be renewed. */
  readonly lookAt: number;
}

export interface WorkerReport {
  readonly worker: string;
  readonly slots: number;
  readonly busy: number;
  /** Messages held, the busy ones included. */
  readonly held: number;
  /** Running tasks of each batch. */
  readonly batches: Readonly<Record<string, number>>;
  /** Messages that it has left for newer workers, out of sight for a while. */
  readonly newer?: number;
  readonly at: number;
}
