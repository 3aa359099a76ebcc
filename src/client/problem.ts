import { ERROR_CODES, MillraceError, type ErrorCode } from '../core/errors.ts';

/** An error as the API sends it and `--json` prints it (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly expected?: string;
  readonly got?: string;
  readonly hint: string;
}

const KNOWN_MEMBERS = ['type', 'title', 'status', 'code', 'detail', 'expected', 'got', 'hint', 'instance'];

/** The error that an answer with such a status stands for. `body`: its text. */
export function toError(status: number, body: string): MillraceError {
  const problem = parseObject(body);
  const code = isErrorCode(problem?.['code']) ? problem['code'] : codeOf(status);
  if (!problem || typeof problem['detail'] !== 'string') {
    return new MillraceError(code, `The API answered with status ${status}.`, {
      got: body.length > 200 ? `${body.slice(0, 200)}…` : body || '(an empty body)',
      hint: hintOf(code),
    });
  }
  const { detail, expected, got, hint } = problem;
  return new MillraceError(code, detail, {
    hint: typeof hint === 'string' ? hint : '',
    ...(typeof expected === 'string' && { expected }),
    ...(typeof got === 'string' && { got }),
    extra: Object.fromEntries(Object.entries(problem).filter(([name]) => !KNOWN_MEMBERS.includes(name))),
  });
}

/** The problem document of an error. */
export function toProblem(error: MillraceError): Problem & Record<string, unknown> {
  return {
    ...error.extra,
    type: `urn:millrace:problem:${error.code}`,
    title: error.code.replaceAll('_', ' '),
    status: ERROR_CODES[error.code].status,
    code: error.code,
    detail: error.message,
    ...(error.expected !== undefined && { expected: error.expected }),
    ...(error.got !== undefined && { got: error.got }),
    hint: error.hint,
  };
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

function hintOf(code: ErrorCode): string {
  return code === 'unauthorized' || code === 'forbidden'
    ? 'A local stack takes the key in its address; a deployed one takes requests that are signed with AWS credentials which may call it (execute-api:Invoke).'
    : 'Check that the address is that of a Millrace API, and that its version is that of this client.';
}

/** For answers that bear no code of ours, of a gateway say. */
function codeOf(status: number): ErrorCode {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404) return 'unknown_route';
  if (status === 409) return 'wrong_state';
  if (status === 413) return 'too_large';
  if (status === 415) return 'unsupported_media_type';
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'unavailable';
  return status >= 500 ? 'internal' : 'invalid_request';
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON: the caller shows its beginning
  }
}
