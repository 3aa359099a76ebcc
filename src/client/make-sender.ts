import { parseEndpoint } from './endpoint.ts';
import { withRetries, type RetryPolicy } from './retry.ts';
import { sendRequest, type ApiRequest } from './send-request.ts';

/** How a client sends its requests. */
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

/** Sends a request, again and again while it may be repeated; the answer is JSON. @throws MillraceError */
export type Sender = <T>(
  mayRepeat: boolean,
  request: Omit<ApiRequest, 'timeoutMs' | 'signal'>,
  waitMs?: number,
) => Promise<T>;

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_PATIENCE_MS = 2000;

/** @param address `http://NAME:KEY@HOST:PORT`; @throws MillraceError `invalid_request` */
export function makeSender(address: string, options: ClientOptions): Sender {
  const endpoint = parseEndpoint(address);
  const { signal, fetch: fetchFn = fetch, onRetry } = options;
  return async <T>(mayRepeat: boolean, request: Omit<ApiRequest, 'timeoutMs' | 'signal'>, waitMs = 0) => {
    const timeoutMs = (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + waitMs;
    const policy: RetryPolicy = {
      patienceMs: mayRepeat ? (options.patienceMs ?? DEFAULT_PATIENCE_MS) : 0,
      baseMs: 100,
      capMs: 5000,
      random: Math.random,
      clock: () => performance.now(),
      ...(onRetry && { onRetry }),
    };
    // What the API sends is what the types of the core say: both come from the same commit.
    return (await withRetries(
      () => sendRequest(endpoint, { ...request, timeoutMs, signal }, fetchFn),
      policy,
      signal,
    )) as T;
  };
}

/** `?a=1&b=2` of the values that are given. */
export function toQuery(values: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) given.set(name, String(value));
  }
  return given.size === 0 ? '' : `?${given.toString()}`;
}
