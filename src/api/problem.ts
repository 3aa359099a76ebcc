import type { Context } from 'hono';
import { ERROR_CODES, MillraceError, type ErrorCode } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';

export const TITLES: Record<ErrorCode, string> = {
  invalid_request: 'The request has a part that cannot be used',
  invalid_json: 'The body is not JSON',
  invalid_task: 'This is not a task',
  invalid_batch: 'There is no task in this upload',
  invalid_schedule: 'This is not a schedule',
  confirmation_required: 'This needs a confirmation',
  unauthorized: 'Who asks is not known',
  forbidden: 'This is not allowed',
  unknown_queue: 'No such queue',
  unknown_task: 'No such task',
  unknown_batch: 'No such batch',
  unknown_workflow: 'No such workflow',
  unknown_schedule: 'No such schedule',
  unknown_route: 'No such route',
  method_not_allowed: 'This route has other methods',
  content_conflict: 'The same name with another content',
  wrong_state: 'The state of the task does not allow this',
  not_counted_yet: 'The end of the task is not counted yet',
  task_failed: 'The task FAILED',
  task_cancelled: 'The task was CANCELLED',
  timeout: 'It has not ended in time',
  content_gone: 'What the task ran is no longer kept',
  too_large: 'The body is too large',
  unsupported_media_type: 'The body has a type that is not taken here',
  not_supported: 'This is not to be had here',
  unavailable: 'Not available at this moment',
  internal: 'An error inside of Millrace',
};

export const RETRY_AFTER_SECONDS = 2;

/** Any error → the answer to it. What was not expected is logged under the request's id, and kept from the caller. */
export function presentError(c: Context, error: unknown, requestId: string, log: Log): Response {
  const shown = toMillraceError(error);
  if (shown !== error) {
    const fields = { err: error, requestId, method: c.req.method, path: c.req.path };
    if (shown.code === 'unavailable') log.warn(fields, 'a dependency did not answer as it should');
    else log.error(fields, 'a request failed unexpectedly');
  }
  return toProblem(shown, requestId);
}

/** RFC 9457. */
function toProblem(error: MillraceError, requestId: string): Response {
  const { status } = ERROR_CODES[error.code];
  const problem = {
    ...error.extra,
    type: `urn:millrace:problem:${error.code}`,
    title: TITLES[error.code],
    status,
    code: error.code,
    detail: error.message,
    ...(error.expected !== undefined && { expected: error.expected }),
    ...(error.got !== undefined && { got: error.got }),
    hint: error.hint,
    instance: `urn:millrace:request:${requestId}`,
  };
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (error.code === 'unavailable') headers.set('retry-after', String(RETRY_AFTER_SECONDS));
  if (Array.isArray(error.extra['allow'])) headers.set('allow', error.extra['allow'].join(', '));
  return new Response(JSON.stringify(problem), { status, headers });
}

function toMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  if (isTransient(error)) {
    return new MillraceError('unavailable', 'A service that Millrace needs did not answer in time.', {
      hint: 'Send the request again. With an Idempotency-Key, or a batch and chunk, nothing is done twice.',
      cause: error,
    });
  }
  return new MillraceError('internal', 'The request failed for a reason that lies inside of Millrace.', {
    hint: 'Look for the id in `instance` in the log of the API; please report it if it comes again.',
    cause: error,
  });
}

/** Names and codes that AWS's services, its SDK and Node give to what may go well the next time. */
const TRANSIENT =
  /Throttl|TooManyRequests|LimitExceeded|ThroughputExceeded|TransactionConflict|Timeout|TimedOut|ServiceUnavailable|InternalServerError|InternalFailure|AbortError|ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR/i;

function isTransient(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 3) return false;
  const { name, code, cause, $metadata } = error as {
    name?: unknown;
    code?: unknown;
    cause?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode ?? 0;
  return (
    status === 429 ||
    status >= 500 ||
    TRANSIENT.test(`${String(name)} ${String(code)}`) ||
    isTransient(cause, depth + 1)
  );
}
