import { MillraceError } from '../core/errors.ts';

/** pino's own. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * What a worker or a local stack of this command logs, by MILLRACE_LOG_LEVEL.
 * @throws MillraceError `invalid_request`: a level that there is not
 */
export function logLevelOf(env: Readonly<Record<string, string | undefined>>, usual: string): string {
  const level = env['MILLRACE_LOG_LEVEL'] || usual;
  if (LEVELS.includes(level)) return level;
  throw new MillraceError('invalid_request', 'MILLRACE_LOG_LEVEL is no level of a log.', {
    expected: LEVELS.join(', '),
    got: level,
    hint: `Without it the level is ${usual}.`,
  });
}
