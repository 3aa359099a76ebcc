/**
 * Every error that a caller can meet, with the HTTP status and the exit code of the command line it becomes.
 * `code` is stable: programs may branch on it.
 */
export const ERROR_CODES = {
  invalid_request: { status: 400, exit: 2 },
  invalid_json: { status: 400, exit: 2 },
  invalid_task: { status: 400, exit: 2 },
  invalid_batch: { status: 400, exit: 2 },
  invalid_schedule: { status: 400, exit: 2 },
  confirmation_required: { status: 400, exit: 2 },
  unauthorized: { status: 401, exit: 5 },
  forbidden: { status: 403, exit: 5 },
  unknown_queue: { status: 404, exit: 4 },
  unknown_task: { status: 404, exit: 4 },
  unknown_batch: { status: 404, exit: 4 },
  unknown_workflow: { status: 404, exit: 4 },
  unknown_schedule: { status: 404, exit: 4 },
  unknown_route: { status: 404, exit: 4 },
  method_not_allowed: { status: 405, exit: 2 },
  content_conflict: { status: 409, exit: 6 },
  wrong_state: { status: 409, exit: 6 },
  not_counted_yet: { status: 409, exit: 6 },
  task_failed: { status: 409, exit: 1 },
  task_cancelled: { status: 409, exit: 1 },
  timeout: { status: 504, exit: 124 },
  content_gone: { status: 410, exit: 6 },
  too_large: { status: 413, exit: 2 },
  unsupported_media_type: { status: 415, exit: 2 },
  not_supported: { status: 501, exit: 2 },
  unavailable: { status: 503, exit: 7 },
  internal: { status: 500, exit: 70 },
} as const satisfies Record<string, { status: number; exit: number }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error to show: what was expected, what was got, and what to do. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  /** What to do about it. */
  readonly hint: string;
  readonly expected: string | undefined;
  readonly got: string | undefined;
  /** More members for the problem document. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint: string; expected?: string; got?: string; extra?: Record<string, unknown>; cause?: unknown },
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'MillraceError';
    this.code = code;
    this.hint = more.hint;
    this.expected = more.expected;
    this.got = more.got;
    this.extra = more.extra ?? {};
  }
}

export function unknownQueue(name: string, known: readonly string[]): MillraceError {
  return new MillraceError('unknown_queue', `There is no queue named ${JSON.stringify(name)}.`, {
    expected: `one of: ${known.join(', ') || '(no queue exists)'}`,
    got: name,
    hint: 'Name one of these queues, or add it: locally with `millrace queue add NAME`, deployed in the configuration of the stack.',
  });
}

export function unknownTask(id: string): MillraceError {
  // A chain or a set has no row of a task: whoever would redrive or see "it" means one of its tasks.
  if (/^w~[^.]+$/.test(id)) {
    return new MillraceError('unknown_task', `${id} is a chain or a set, not a task.`, {
      expected: 'the id of one of its tasks',
      got: id,
      hint: `\`millrace workflow ${id}\` shows its tasks and ends it with --cancel; each task is shown and redriven by its own id.`,
    });
  }
  return new MillraceError('unknown_task', `There is no task with the id ${JSON.stringify(id)}.`, {
    hint: 'Check the id. Finished tasks are forgotten some weeks after their end; a raw message has its SQS message id and is known from the moment that a worker has taken it.',
  });
}

export function unknownBatch(id: string): MillraceError {
  return new MillraceError('unknown_batch', `There is no batch with the id ${JSON.stringify(id)}.`, {
    hint: 'Check the id: it was in the answer to the upload.',
  });
}
