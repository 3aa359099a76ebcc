import { hasOnlyZombies } from './process-table.ts';

/** How often a group that was told to end is looked at: first often, since most end at once. */
const FIRST_POLL_MS = 2;
const MAX_POLL_MS = 25;

/** How often a group that does not go is searched for zombies, which is dearer: during the grace, and after. */
const SEARCH_MS = 100;
const SEARCH_KILLED_MS = 10;

/** A killed process that stays (in the kernel's hands, or never reaped by its parent) is waited for no longer. */
const AFTER_KILL_MS = 1000;

/** The leader of a group, in the hands of the process that will reap it: until then the group's number is its own. */
export interface Leader {
  readonly isReaped: boolean;
  /** Sends a signal to the whole group, unless the leader was reaped meanwhile. */
  signalGroup(signal: NodeJS.Signals): void;
}

/**
 * A process group, named by its leader's pid.
 *
 * The number cannot be given to another process while one member lives. It is signalled only while it
 * was seen alive at most MAX_POLL_MS before, or through who keeps its leader, so that a recycled number is never hit.
 */
export class ProcessGroup {
  readonly pgid: number;
  readonly #leader: Leader | undefined;
  readonly #gone = Promise.withResolvers<void>();
  #isGone = false;
  #killAt = Infinity;
  #killedAt: number | undefined;
  #pollMs = FIRST_POLL_MS;
  #searchAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(pgid: number, leader?: Leader) {
    this.pgid = pgid;
    this.#leader = leader;
  }

  /** Resolves once no member is left, after `terminate`. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get isTerminating(): boolean {
    return this.#killAt !== Infinity;
  }

  /** SIGTERM to every member, SIGKILL after `graceMs`; a later call may shorten the grace, not extend it. */
  terminate(graceMs: number): void {
    const killAt = performance.now() + graceMs;
    if (this.#isGone || killAt >= this.#killAt) return;
    const first = !this.isTerminating;
    this.#killAt = killAt;
    if (first && graceMs > 0) this.#signalTerm();
    this.#pollMs = FIRST_POLL_MS;
    this.#searchAt = performance.now() + SEARCH_KILLED_MS;
    this.#poll();
  }

  /** Its leader was reaped, and no member is left. */
  end(): void {
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#gone.resolve();
  }

  /** Its leader was reaped before a SIGTERM had come to it: the other members did not get that either. */
  repeatTerm(): void {
    if (this.isTerminating && this.#killedAt === undefined) this.#signalTerm();
  }

  #signalTerm(): void {
    this.#signal('SIGTERM');
    // A stopped process would not see its SIGTERM.
    this.#signal('SIGCONT');
  }

  #poll(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (this.#killedAt === undefined && now >= this.#killAt) {
      this.#killedAt = now;
      this.#searchAt = now + SEARCH_KILLED_MS;
      this.#signal('SIGKILL');
    } else {
      // Again each time: what was sent while the leader was being reaped has reached nobody.
      this.#signal(this.#killedAt === undefined ? 0 : 'SIGKILL');
    }
    if (now >= this.#searchAt) this.#search(now);
    if (this.#killedAt !== undefined && now >= this.#killedAt + AFTER_KILL_MS) this.end();
    if (this.#isGone) return;
    const untilKillMs = this.#killedAt === undefined ? Math.max(0, this.#killAt - now) : Infinity;
    this.#timer = setTimeout(() => this.#poll(), Math.min(this.#pollMs, untilKillMs));
    this.#pollMs = Math.min(2 * this.#pollMs, MAX_POLL_MS);
  }

  #search(now: number): void {
    if (this.#isGone) return;
    this.#searchAt = now + (this.#killedAt === undefined ? SEARCH_MS : SEARCH_KILLED_MS);
    if (!hasOnlyZombies(this.pgid)) return;
    // The search is no snapshot: a process that was forked meanwhile could have been missed.
    this.#signal('SIGKILL');
    this.end();
  }

  #signal(signal: NodeJS.Signals | 0): void {
    if (this.#isGone) return;
    if (this.#leader && !this.#leader.isReaped) {
      if (signal !== 0) this.#leader.signalGroup(signal);
      return;
    }
    try {
      process.kill(-this.pgid, signal);
    } catch (error) {
      // EPERM: a member changed its user. It exists, and is waited for until the bound.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') this.end();
    }
  }
}
