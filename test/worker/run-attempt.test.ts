import { expect, test } from 'vitest';
import { MAX_RESULT_BYTES } from '../../src/core/limits.ts';
import { makeRedactor, NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { toOutcome } from '../../src/worker/run-attempt.ts';

test('a result that outgrows its limit when it is written again fails its task, which could never be stored', () => {
  const text = `[${Array.from({ length: 50_000 }, () => '1e20').join()}]`;
  expect(text.length).toBeLessThan(MAX_RESULT_BYTES);
  const end = { exitCode: 0, stdout: 'out', stderr: '', durationMs: 1, result: JSON.parse(text) as unknown };
  const outcome = toOutcome(end, false, NOTHING_SECRET);
  expect(outcome).toMatchObject({ exitCode: 0, stdout: 'out', failure: { reason: 'error' } });
  expect(outcome.failure?.error).toMatch(/^MILLRACE_RESULT: expected at most 262144 bytes as JSON, got \d+$/);
  expect(outcome).not.toHaveProperty('result');
  expect(toOutcome({ ...end, result: null }, false, NOTHING_SECRET).result).toBe('null');
});

test('a handler’s failure goes before its exit code, a timeout before both, and one that returns needs no code', () => {
  const end = { stdout: '', stderr: '', durationMs: 1 };
  const failure = { reason: 'invalid', error: 'the key is tok-1', isFinal: true } as const;
  const redactor = makeRedactor({ KEY: 'tok-1' });
  const told = { reason: 'invalid', error: 'the key is [KEY]', isFinal: true };
  expect(toOutcome({ ...end, exitCode: 1, failure }, false, redactor)).toMatchObject({
    exitCode: 1,
    failure: told,
  });
  expect(toOutcome({ ...end, failure }, true, redactor).failure).toEqual({ reason: 'timeout' });
  const blocked = { reason: 'signal', error: 'blocked' } as const;
  expect(toOutcome({ ...end, failure: blocked }, true, redactor).failure).toEqual({
    reason: 'timeout',
    error: 'blocked',
  });
  expect(toOutcome({ ...end, result: 5 }, false, redactor)).toEqual({ stdout: '', stderr: '', result: '5' });
});
