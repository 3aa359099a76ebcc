import { BATCH_ENTRIES } from '../core/limits.ts';
import { claimMessage } from './claim-message.ts';
import type { Claimed, Handled, Handling } from './handling.ts';
import type { HeldMessage } from './held-messages.ts';
import { Prefetch, type Foresight } from './prefetch.ts';
import { giveBack, runClaimed } from './run-claimed.ts';

const STALE_MS = 2000; // a message held for longer without a slot is somebody else's to run

/** A claim for a slot that is about to fall free. */
interface Ahead {
  readonly claiming: Promise<Claimed | Handled>;
  /** What came of it, once that is known: to wait for it even then would let the record of the last end go first. */
  claimed?: Claimed | Handled;
  /** Monotonic ms. */
  readonly since: number;
}

/** The slots of a worker and the short line before them, the first of which are claimed while slots fall free soon. */
export class Slots {
  readonly #handling: Handling;
  readonly #size: number;
  readonly #prefetch: Foresight;
  readonly #line: HeldMessage[] = [];
  readonly #ahead: Ahead[] = [];
  readonly #recordings = new Set<Promise<void>>();
  readonly #stale: NodeJS.Timeout;
  #busy = 0;
  #ran = 0;
  #freedAt = -Infinity;
  #isOpen = true;
  #wake: () => void = () => {};

  constructor(handling: Handling) {
    this.#handling = handling;
    this.#size = handling.settings.slots;
    this.#prefetch = handling.settings.prefetch ?? new Prefetch(this.#size);
    this.#stale = setInterval(() => this.#releaseStale(), STALE_MS / 2);
  }

  /**
   * How many messages may be received now. While the line of short tasks is long enough for a full receive, one that
   * is not full waits: SQS bills by the request.
   */
  get room(): number {
    // What runs now may be longer than what ran before: a line would only be let go again.
    const isStuck = this.#busy === this.#size && this.#now() - this.#freedAt > STALE_MS;
    const prefetch = this.#handling.settings.mode === 'once' || isStuck ? 0 : this.#prefetch.size;
    const room = this.#size + prefetch - this.#busy - this.#ahead.length - this.#line.length;
    return prefetch >= BATCH_ENTRIES && room < BATCH_ENTRIES ? 0 : room;
  }

  get isIdle(): boolean {
    return this.#busy === 0 && this.#ahead.length === 0 && this.#line.length === 0;
  }

  /** Attempts run so far. */
  get ran(): number {
    return this.#ran;
  }

  /** Resolves the next time that a slot falls free, or at `wake`. For one caller at a time. */
  changed(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** Has the caller of `changed` look again. */
  wake(): void {
    this.#wake();
  }

  take(messages: readonly HeldMessage[]): void {
    this.#line.push(...messages);
    this.#fill();
  }

  /** Lets go what waits for a slot, and starts nothing more. */
  close(): void {
    this.#isOpen = false;
    clearInterval(this.#stale);
    this.releaseLine();
  }

  releaseLine(): void {
    for (const message of this.#line.splice(0)) this.#handling.held.release(message, 0);
    for (const { claiming } of this.#ahead.splice(0)) this.#letGo(claiming);
  }

  /** Resolves when the ends of all attempts that have ended are recorded. */
  async recorded(): Promise<void> {
    while (this.#recordings.size > 0) await Promise.all(this.#recordings);
  }

  #fill(): void {
    const isOn = (): boolean => this.#isOpen && !this.#handling.settings.stop.aborted;
    while (isOn() && this.#busy < this.#size) {
      const next = this.#ahead.shift() ?? this.#claimNext();
      if (!next) return;
      void this.#run(next);
    }
    while (isOn() && this.#ahead.length < this.#prefetch.ahead) {
      const next = this.#claimNext();
      if (!next) return;
      this.#ahead.push(next);
    }
  }

  #claimNext(): Ahead | undefined {
    const message = this.#line.shift();
    if (!message) return undefined;
    const ahead: Ahead = { claiming: claimMessage(this.#handling, message), since: this.#now() };
    void ahead.claiming.then((claimed) => (ahead.claimed = claimed));
    return ahead;
  }

  async #run(ahead: Ahead): Promise<void> {
    this.#busy += 1;
    if (this.#busy === 1) this.#handling.settings.onBusy?.(true);
    const claimed = ahead.claimed ?? (await ahead.claiming);
    const handled = 'attempt' in claimed ? await runClaimed(this.#handling, claimed) : claimed;
    if (handled.ran) this.#ran += 1;
    this.#busy -= 1;
    this.#freedAt = this.#now();
    if (handled.isDone) this.#prefetch.freed(this.#freedAt);
    this.#fill(); // the next program is on its way before this one's end is written down
    this.#track(handled.record());
    if (this.#busy === 0) this.#handling.settings.onBusy?.(false);
    this.#wake();
  }

  #letGo(claiming: Promise<Claimed | Handled>): void {
    this.#track(
      claiming.then((claimed) =>
        'attempt' in claimed ? giveBack(this.#handling, claimed) : claimed.record(),
      ),
    );
  }

  #track(recording: Promise<void>): void {
    const tracked = recording.finally(() => this.#recordings.delete(tracked));
    this.#recordings.add(tracked);
  }

  #releaseStale(): void {
    const before = this.#now() - STALE_MS;
    while (this.#ahead[0] && this.#ahead[0].since < before) this.#letGo(this.#ahead.shift()!.claiming);
    while (this.#line[0] && this.#line[0].since < before) {
      const message = this.#line.shift();
      if (message) this.#handling.held.release(message, 0);
    }
  }

  #now(): number {
    return this.#handling.settings.monotonic();
  }
}
