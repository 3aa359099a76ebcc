/** Calls of which some take less than this, there and back, are short. */
const SHORT_MS = 2;
const QUEUED_A_HOST = 16;
const WEIGHT = 0.002; // of a call that took longer than the least: it is forgotten slowly

/** Where there is a host, a call waits so long for it before another is started, which takes ten times as long. */
const PATIENCE_MS = 25;
/** … and so long while calls are short, or may be. */
const SHORT_PATIENCE_MS = 250;

/** No short call waits longer than this for a busy host while another is idle. */
export const MAX_QUEUED_MS = 10;

/**
 * Says whether calls queue before hosts that are busy although others are idle. A burst of short calls runs as soon on a
 * few hosts as on many, and those few stay warm: a call on a host that has slept costs several times as much.
 */
export class CallPace {
  /** What calls take at best: most of what they take on a busy machine is waiting for a processor. */
  #leastMs = Infinity;

  took(ms: number): void {
    this.#leastMs = ms < this.#leastMs ? ms : this.#leastMs + WEIGHT * (ms - this.#leastMs);
  }

  /** How long a call waits for the hosts that there are; before one has ended, calls may be short. */
  get patienceMs(): number {
    return this.#leastMs === Infinity || this.#leastMs < SHORT_MS ? SHORT_PATIENCE_MS : PATIENCE_MS;
  }

  mayQueue(waiting: number, busyHosts: number): boolean {
    return this.#leastMs < SHORT_MS && waiting <= QUEUED_A_HOST * busyHosts;
  }
}
