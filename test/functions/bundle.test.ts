import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction } from '../../scripts/bundle-function.ts';
import { functionEnv, startLambdaStub } from '../support/function-env.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, run } from '../support/processes.ts';
import { httpEvent } from './events.ts';

const MAX_BYTES = 700_000; // of all files
const MAX_TASK_BYTES = 320_000; // of those that a task's requests load
const RARE = /^(describe-api|schedules|eventbridge-scheduler)-/;

interface Step {
  readonly statusCode: number;
  readonly body: string;
  readonly loaded: readonly string[];
}

describe('the bundle of the API’s function', () => {
  let home: string;
  let stack: LocalStack;
  let lambda: Awaited<ReturnType<typeof startLambdaStub>>;
  const sizes = new Map<string, number>();
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'millrace-bundle-'));
    bundleFunction('api', home);
    for (const name of await readdir(home)) sizes.set(name, (await stat(join(home, name))).size);
    stack = await LocalStack.start(['--memory']);
    lambda = await startLambdaStub();
  });
  afterAll(async () => {
    await lambda.close();
    await stack.remove();
    await endAll();
    await rm(home, { recursive: true, force: true });
  });

  const sizeOf = (names: Iterable<string>) =>
    [...names].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
  const send = async (...events: object[]): Promise<[Step, ...Step[]]> => {
    const fixture = join(import.meta.dirname, '../fixtures/function-process.ts');
    const { stdout, stderr } = await run(process.execPath, [fixture, join(home, 'main.mjs')], {
      env: functionEnv(stack, lambda.url),
      input: JSON.stringify(events),
    });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as [Step, ...Step[]];
  };
  const post = (path: string, body: object) =>
    httpEvent({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('is small, and a task is enqueued and read with half of it', async () => {
    expect(sizeOf(sizes.keys())).toBeLessThanOrEqual(MAX_BYTES);
    const [start, posted, got] = await send(
      post('/v1/queues/default/tasks', { command: 'true' }),
      httpEvent({ method: 'GET', path: '/v1/queues/default' }),
    );
    expect(posted?.statusCode).toBe(201);
    expect(JSON.parse(got?.body ?? '')).toMatchObject({ pending: 1 });
    expect(got?.loaded).toEqual(start.loaded); // nothing is loaded later than at the start
    expect(start.loaded).toContain('main.mjs');
    expect(start.loaded.filter((name) => RARE.test(name))).toEqual([]);
    expect(sizeOf(start.loaded)).toBeLessThanOrEqual(MAX_TASK_BYTES);
    expect(lambda.paths()).toEqual(['/2015-03-31/functions/launcher/invocations']);
  });

  it('loads what is rare when it is asked for', async () => {
    const [, described, refused] = await send(
      httpEvent({ method: 'GET', path: '/openapi.json' }),
      post('/v1/queues/default/schedules', { name: 'a', expression: 'never', task: { command: 'true' } }),
    );
    expect(described?.statusCode).toBe(200);
    expect(JSON.parse(described?.body ?? '')).toMatchObject({ openapi: '3.1.0' });
    expect(JSON.parse(refused?.body ?? '')).toMatchObject({ code: 'invalid_schedule' });
    const rare = refused?.loaded
      .filter((name) => RARE.test(name))
      .map((name) => name.replace(/-[A-Z0-9]+\.mjs$/, ''));
    expect(rare).toEqual(['describe-api', 'schedules']);
  });
});
