import type { Capacity, LaunchMode } from './ports.ts';

/** Starting workers; a port as those in ports.ts. */

export interface WorkerOrder {
  readonly queue: string;
  /** At most 10. */
  readonly count: number;
  /** The same order under the same token starts nothing twice. */
  readonly clientToken: string;
  readonly mode: LaunchMode;
  readonly capacity: Capacity;
}

export interface OrderResult {
  /** Ids. */
  readonly started: readonly string[];
  /** Why workers were not started; they never will be under this token. */
  readonly failures: readonly { readonly reason: string }[];
  /** It asks for too much at once: what is still to be ordered has to wait. */
  readonly throttled?: boolean;
}

/** Starts workers somewhere else. */
export interface WorkerLauncher {
  /**
   * How many workers of a queue run or are on their way.
   * @param recent ids of workers started a moment ago, which the service may not list yet
   */
  running(queue: string, recent: readonly string[]): Promise<number>;
  /** Rejects when the outcome is unknown: send the same again. */
  start(order: WorkerOrder): Promise<OrderResult>;
}
