import { beat } from '../core/attempt.ts';
import type { Claimant } from '../core/claimant.ts';
import { leaseMs } from '../core/claim.ts';
import { heartbeatMs } from '../core/queue-definition.ts';
import type { ControlWatch } from './control-watch.ts';
import type { HeldMessages } from './held-messages.ts';
import type { RunningAttempt } from './run-attempt.ts';

const CONTROL_MS = 2000;

interface Beating {
  /** Monotonic ms of the last renewal that was asked for. */
  askedAt: number;
  isAsking: boolean;
}

/**
 * Renews leases and visibilities in the same beat, and watches for cancel requests. A renewal that fails is
 * tried again at the next tick; the attempt itself ends its program when the lease runs out.
 */
export class Heartbeat {
  readonly #claimant: Claimant;
  readonly #held: HeldMessages;
  readonly #control: ControlWatch;
  readonly #monotonic: () => number;
  readonly #beating = new Map<RunningAttempt, Beating>();
  readonly #timers: NodeJS.Timeout[];
  #cancels = 0;

  constructor(claimant: Claimant, held: HeldMessages, control: ControlWatch, monotonic: () => number) {
    this.#claimant = claimant;
    this.#held = held;
    this.#control = control;
    this.#monotonic = monotonic;
    const tickMs = heartbeatMs(claimant.definition) / 4;
    this.#timers = [
      setInterval(() => this.#tick(), tickMs),
      setInterval(() => void this.#watchCancels(), Math.min(CONTROL_MS, tickMs)),
    ];
  }

  /**
   * @param claimedAt monotonic ms from before the claim was sent
   * @param cancels requests known by then, which are no news: a claim finds them in the row
   */
  add(running: RunningAttempt, claimedAt: number, cancels: number): void {
    if (this.#beating.size === 0) this.#cancels = cancels;
    const beating = { askedAt: claimedAt, isAsking: false };
    this.#beating.set(running, beating);
    // A request that came between its claim and its start was passed on to those that were running.
    if (cancels < this.#cancels) void this.#beat(running, beating);
  }

  remove(running: RunningAttempt): void {
    this.#beating.delete(running);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #tick(): void {
    const { ports, definition } = this.#claimant;
    const now = this.#monotonic();
    const before = now - heartbeatMs(definition) * 0.75;
    this.#held
      .renew(before, now, leaseMs(definition))
      .catch((error: unknown) =>
        ports.log.warn({ err: error }, 'could not extend the visibility of messages'),
      );
    for (const [running, beating] of this.#beating) {
      if (beating.askedAt <= before) void this.#beat(running, beating);
    }
  }

  async #beat(running: RunningAttempt, beating: Beating): Promise<void> {
    if (beating.isAsking || running.isEnded) return;
    beating.isAsking = true;
    const askedAt = this.#monotonic();
    try {
      const answer = await beat(this.#claimant, running.attempt, await running.progress());
      if (answer === 'lost') {
        if (!running.isEnded) running.loseLease();
        return;
      }
      beating.askedAt = askedAt;
      running.renewed(this.#monotonic() - askedAt);
      if (answer === 'cancel') running.cancel();
    } catch (error) {
      const taskId = running.attempt.row.id;
      this.#claimant.ports.log.warn({ err: error, taskId }, 'could not renew a lease; trying again');
    } finally {
      beating.isAsking = false;
    }
  }

  /** A cancel request anywhere in the queue makes every lease here be renewed at once: the answers bring it. */
  async #watchCancels(): Promise<void> {
    if (this.#beating.size === 0) return;
    const { cancels } = await this.#control.read(CONTROL_MS / 2);
    if (cancels === this.#cancels) return;
    this.#cancels = cancels;
    for (const [running, beating] of this.#beating) void this.#beat(running, beating);
  }
}
