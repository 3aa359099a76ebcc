import { toProblem } from '../../client/problem.ts';
import { ERROR_CODES, MillraceError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { makePaint } from './paint.ts';
import { toOneLine } from './safe-text.ts';

/** Says what went wrong on stderr: as a problem document with --json, else in words. */
export function showError(context: CliContext, error: unknown): void {
  const shown = toMillraceError(error);
  if (wantsJson(context.argv)) {
    context.stderr.write(`${JSON.stringify(toProblem(shown))}\n`);
    return;
  }
  const paint = makePaint(context.stderr);
  const lines = [
    `${paint('red', 'error:')} ${toOneLine(shown.message)}`,
    ...(shown.expected === undefined ? [] : [`  expected: ${toOneLine(shown.expected)}`]),
    ...(shown.got === undefined ? [] : [`  got: ${toOneLine(shown.got)}`]),
    ...(shown.hint === '' ? [] : [`  ${toOneLine(shown.hint)}`]),
  ];
  context.stderr.write(`${lines.join('\n')}\n`);
  if (shown.code === 'internal' && error instanceof Error && context.env['MILLRACE_DEBUG']) {
    context.stderr.write(`${error.stack ?? ''}\n`);
  }
}

export function exitCodeOf(error: unknown): number {
  return ERROR_CODES[toMillraceError(error).code].exit;
}

const UNREACHABLE = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

/**
 * Errors of the file system are the caller's: a file that is not there, or may not be read. Those of connections are
 * nobody's: a worker may be started in the moment in which its stack dies.
 */
export function toMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code, message } =
    error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  if (code && /^(ENOENT|EACCES|EISDIR|ENOTDIR|EPERM|ENOSPC|EROFS|EMFILE|ELOOP|ENAMETOOLONG)$/.test(code)) {
    return new MillraceError('invalid_request', `${message}.`, {
      hint: 'Check the path and its permissions.',
      cause: error,
    });
  }
  if (code && UNREACHABLE.test(code)) {
    return new MillraceError('unavailable', 'Millrace does not answer.', {
      got: message,
      hint: 'Check that it runs and that this machine reaches it, then try again.',
      cause: error,
    });
  }
  return new MillraceError('internal', message, {
    hint: 'This is a defect of the command line; MILLRACE_DEBUG=1 shows where.',
    cause: error,
  });
}

/** Also before the arguments are understood, and when they cannot be. */
function wantsJson(argv: readonly string[]): boolean {
  const dashes = argv.indexOf('--');
  return (dashes === -1 ? argv : argv.slice(0, dashes)).includes('--json');
}
