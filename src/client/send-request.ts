import { MillraceError } from '../core/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { toError } from './problem.ts';

/** One request to the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends it once and reads the whole answer as JSON.
 * @throws MillraceError `unavailable` when there was no whole answer: the request may have taken effect all the same
 * @throws MillraceError with the code of the problem document that came back
 * @throws the reason of `signal` when that is what ended it
 */
export async function sendRequest(
  endpoint: Endpoint,
  request: ApiRequest,
  fetchFn: typeof fetch,
): Promise<unknown> {
  const { status, text } = await exchange(endpoint, request, fetchFn);
  if (status >= 300) throw toError(status, text);
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  } catch {
    throw new MillraceError('internal', `The answer of ${endpoint.base} is not JSON.`, {
      got: text.slice(0, 200),
      hint: 'Check that the address is that of a Millrace API.',
    });
  }
}

async function exchange(endpoint: Endpoint, request: ApiRequest, fetchFn: typeof fetch) {
  // One signal for both ends, let go of with the request: AbortSignal.timeout would keep its body until the time is up.
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, request.timeoutMs);
  request.signal?.addEventListener('abort', end);
  if (request.signal?.aborted) end();
  try {
    const response = await fetchFn(`${endpoint.base}${request.path}`, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...(endpoint.authorization !== undefined && { authorization: endpoint.authorization }),
        ...request.headers,
      },
      ...(request.body !== undefined && { body: request.body }),
      redirect: 'manual', // the key in the header is for this address only
      signal: ending.signal,
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof MillraceError) throw error; // said by the fetch that was given: it could not sign
    throw unreachable(
      endpoint,
      ending.signal.aborted ? `no answer within ${request.timeoutMs / 1000} s` : reasonOf(error),
      error,
    );
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', end);
  }
}

function unreachable(endpoint: Endpoint, reason: string, cause: unknown): MillraceError {
  return new MillraceError('unavailable', `The API at ${endpoint.base} cannot be reached: ${reason}.`, {
    expected: 'a Millrace API that answers there',
    got: reason,
    hint: 'Is the stack running? `npx millrace local --workers 1`, or `npm start` in a checkout, starts a local one; `--url` and MILLRACE_API_URL name another.',
    cause,
  });
}

/** fetch says only "fetch failed"; what happened is in its cause, or, for a host with several addresses, further down. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return code && !cause.message.includes(code)
    ? `${cause.message} (${code})`
    : cause.message || (code ?? cause.name);
}
