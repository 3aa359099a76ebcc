import { expect, test } from 'vitest';
import { logLevelOf } from '../../src/cli/log-level.ts';

test('what is logged is what MILLRACE_LOG_LEVEL says, else the usual', () => {
  expect(logLevelOf({}, 'info')).toBe('info');
  expect(logLevelOf({ MILLRACE_LOG_LEVEL: '' }, 'warn')).toBe('warn');
  expect(logLevelOf({ MILLRACE_LOG_LEVEL: 'debug' }, 'info')).toBe('debug');
});

test('a level that there is not is wrong usage, no defect', () => {
  expect(() => logLevelOf({ MILLRACE_LOG_LEVEL: 'loud' }, 'info')).toThrow(
    expect.objectContaining({ code: 'invalid_request', got: 'loud' }),
  );
});
