import { afterEach, expect, test, vi } from 'vitest';
import { MAX_RESULT_BYTES } from '../../src/core/limits.ts';
import { makeRedactor, NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { RunningAttempt, toOutcome } from '../../src/worker/run-attempt.ts';
import type { ProgramEnd } from '../../src/worker/spawner/program-runner.ts';

afterEach(() => void vi.useRealTimers());

test('a timeout counts from when a handler is called, not from when it began to wait for a process', async () => {
  vi.useFakeTimers();
  const started = Promise.withResolvers<void>();
  const done = Promise.withResolvers<ProgramEnd>();
  const causes: unknown[] = [];
  const run = {
    started: started.promise,
    done: done.promise,
    progress: async () => undefined,
    kill: (_: number, cause: unknown) => void causes.push(cause),
  };
  const handlers = { names: [], find: () => undefined, run: () => run, close: async () => {} };
  const settings = { handlers, baseEnv: () => ({}), graceMs: 1, log: { info: () => {} } };
  const attempt = {
    row: { id: 'a', queue: 'q', attempt: 1 },
    message: { spec: { handler: 'h', timeoutSeconds: 1 } },
  };
  const running = new RunningAttempt(
    settings as unknown as ConstructorParameters<typeof RunningAttempt>[0],
    attempt as unknown as ConstructorParameters<typeof RunningAttempt>[1],
    60_000,
    60_000,
  );
  await vi.advanceTimersByTimeAsync(10_000);
  expect(causes).toEqual([]);
  started.resolve();
  await vi.advanceTimersByTimeAsync(999);
  expect(causes).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(causes).toEqual(['timeout']);
  done.resolve({ stdout: '', stderr: '', durationMs: 1 });
  await running.ended;
  expect(vi.getTimerCount()).toBe(0);
});

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
  expect(toOutcome({ ...end, result: 5 }, false, redactor)).toEqual({
    stdout: '',
    stderr: '',
    result: '5',
    ranMs: 1,
  });
});
