import { parseEndpoint, type Endpoint } from './endpoint.ts';
import { withRetries, type RetryPolicy } from './retry.ts';
import { sendRequest, type ApiRequest } from './send-request.ts';

export interface ClientOptions {
  /** Ends every request of this client. */
  readonly signal?: AbortSignal;
  /** How long one request may take, without the time that the API is asked to wait; default 30,000. */
  readonly timeoutMs?: number;
  /** How long requests that may be repeated are repeated, from their first failure; default 2,000. */
  readonly patienceMs?: number;
  /** Told before each repetition. */
  readonly onRetry?: RetryPolicy['onRetry'];
  readonly fetch?: typeof fetch;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_PATIENCE_MS = 2000;
/** Says of a request that it may be sent twice. */
export const SAFE = true;

/** Requests to one API; those that may be sent twice are repeated for a while. */
export class ApiRequests {
  readonly #endpoint: Endpoint;
  readonly #options: ClientOptions;

  /** @throws MillraceError `invalid_request` */
  constructor(address: string, options: ClientOptions) {
    this.#endpoint = parseEndpoint(address);
    this.#options = options;
  }

  /** @param waitSeconds the time that the API is asked to hold the answer */
  async get<T>(path: string, waitSeconds = 0): Promise<T> {
    return this.send<T>(SAFE, { method: 'GET', path }, waitSeconds * 1000);
  }

  async post<T>(path: string): Promise<T> {
    return this.send<T>(!SAFE, { method: 'POST', path });
  }

  /** @param firstHeaders for the first try alone */
  async send<T>(
    mayRepeat: boolean,
    request: Omit<ApiRequest, 'timeoutMs' | 'signal'>,
    waitMs = 0,
    firstHeaders?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const { signal, fetch: fetchFn = fetch, onRetry } = this.#options;
    const timeoutMs = (this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + waitMs;
    const policy: RetryPolicy = {
      patienceMs: mayRepeat ? (this.#options.patienceMs ?? DEFAULT_PATIENCE_MS) : 0,
      baseMs: 100,
      capMs: 5000,
      random: Math.random,
      clock: () => performance.now(),
      ...(onRetry && { onRetry }),
    };
    let isFirst = true;
    const attempt = () => {
      const headers = { ...request.headers, ...(isFirst && firstHeaders) };
      isFirst = false;
      return sendRequest(this.#endpoint, { ...request, headers, timeoutMs, signal }, fetchFn);
    };
    // What the API sends is what the types of the core say: both come from the same commit.
    return (await withRetries(attempt, policy, signal)) as T;
  }
}

/** `?name=value…` of those that are given. */
export function query(values: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) given.set(name, String(value));
  }
  return given.size === 0 ? '' : `?${given.toString()}`;
}
