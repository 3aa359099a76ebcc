import type { ClockReading } from '../../core/doctor/judge-api.ts';

const DATE_STEP_MS = 1000; // a Date header has whole seconds, cut off

/** Compares the clock of a server with ours by the Date headers of its answers, refusals included. */
export class ClockWatch {
  readonly #now: () => number;
  #best: ClockReading | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The same `fetch`, listened to. */
  watch(fetchFn: typeof fetch): typeof fetch {
    return async (input, init) => {
      const sentAt = this.#now();
      const response = await fetchFn(input, init);
      const serverAt = Date.parse(response.headers.get('date') ?? '');
      const tookMs = this.#now() - sentAt;
      // The answer that took least time says most.
      if (Number.isFinite(serverAt) && tookMs < (this.#best?.tookMs ?? Infinity)) {
        this.#best = { skewMs: serverAt + DATE_STEP_MS / 2 - (sentAt + tookMs / 2), tookMs };
      }
      return response;
    };
  }

  /** undefined when no answer had a date. */
  reading(): ClockReading | undefined {
    return this.#best;
  }
}
