import type { Attempt } from '../core/attempt.ts';
import type { Claimant } from '../core/claimant.ts';
import type { ControlWatch } from './control-watch.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { HeldMessage, HeldMessages } from './held-messages.ts';
import type { NewerMessages } from './newer-messages.ts';
import type { RunningAttempt } from './run-attempt.ts';
import type { SettleLoop } from './settle-loop.ts';
import type { WorkerSettings } from './worker-settings.ts';

/** What a message goes through, from its receive to its end. */
export interface Handling {
  readonly settings: WorkerSettings;
  readonly claimant: Claimant;
  readonly held: HeldMessages;
  readonly heartbeat: Heartbeat;
  readonly control: ControlWatch;
  readonly settleLoop: SettleLoop;
  readonly running: Set<RunningAttempt>;
  readonly newer: NewerMessages;
}

/** A message that a slot has done with. */
export interface Handled {
  readonly ran: boolean; // an attempt was run
  readonly isDone: boolean; // the message does not come again: its time in a slot says something of the next one's
  /** Records what is still to be recorded; to be called once, when the slot has been given on. Never rejects. */
  record(): Promise<void>;
}

/** An attempt that may be run, or handed back. */
export interface Claimed {
  readonly message: HeldMessage;
  readonly attempt: Attempt;
  /** Monotonic ms from before the claim was sent. */
  readonly claimedAt: number;
  /** Requests to cancel that were known then. */
  readonly cancels: number;
}

/** Nothing was run, and nothing is to be recorded: the message comes again. */
export const COMES_AGAIN: Handled = { ran: false, isDone: false, record: () => Promise.resolve() };
