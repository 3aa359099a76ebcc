import { describe, expect, it } from 'vitest';
import { claimNext, FAILURE, SUCCESS } from '../fakes/memory-worker.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { finishAttempt, type Attempt } from '../../src/core/attempt.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import { makeApiUnderTest } from './api-under-test.ts';

const JSON_TYPE = 'application/json';
interface Called {
  readonly task: { readonly id: string; readonly name: string; readonly status: string };
}

describe('POST /task/{name}', () => {
  it('enqueues a call of the handler and answers as the first ZIM farm did', async () => {
    const api = makeApiUnderTest();
    const { status, body } = await api.post<Called>('/task/delayed_add', JSON_TYPE, '{"x":4,"y":10}');
    expect([status, body]).toEqual([
      200,
      { task: { id: expect.any(String) as string, name: 'delayed_add', status: 'PENDING' } },
    ]);
    expect(await api.request(`/v1/tasks/${body.task.id}`)).toMatchObject({
      body: { handler: 'delayed_add', args: { x: 4, y: 10 }, queue: 'default' },
    });
  });

  it('takes no body for no arguments', async () => {
    const api = makeApiUnderTest();
    const { body } = await api.request<Called>('/task/hello', { method: 'POST' });
    expect(await api.request(`/v1/tasks/${body.task.id}`)).toMatchObject({ body: { args: {} } });
  });

  it('makes one task under one Idempotency-Key', async () => {
    const api = makeApiUnderTest();
    const call = (args: string) =>
      api.post<Called>('/task/delayed_add', JSON_TYPE, args, { 'Idempotency-Key': 'k' });
    const [first, second] = [await call('{"x":4,"y":10}'), await call('{"y":10,"x":4}')];
    expect(second).toMatchObject({ status: 200, body: first.body });
    expect(await call('{"x":5}')).toMatchObject({ status: 409, body: { code: 'content_conflict' } });
  });

  it.each([
    ['a name that no handler can have', '/task/no%20name', '{}', 400, 'invalid_task'],
    ['a body that is no JSON', '/task/a', '{x:1}', 400, 'invalid_json'],
    ['a queue with a program of its own', '/task/a?queue=piped', '{}', 400, 'invalid_task'],
    ['a queue that is not there', '/task/a?queue=nope', '{}', 404, 'unknown_queue'],
  ])('refuses %s', async (_what, path, args, status, code) => {
    expect(await makeApiUnderTest().post(path, JSON_TYPE, args)).toMatchObject({ status, body: { code } });
  });
});

async function claimed(worker: Claimant): Promise<Attempt> {
  const claim = (await claimNext(worker))?.claim;
  if (claim?.kind !== 'run') throw new Error('nothing was claimed');
  return claim;
}

describe('GET /task/status/{id}', () => {
  const called = async () => {
    const api = makeApiUnderTest();
    const spec = JSON.stringify({ handler: 'delayed_add', args: { x: 4, y: 10 }, maxAttempts: 1 });
    const { body } = await api.post<{ id: string }>('/v1/queues/default/tasks', JSON_TYPE, spec);
    const status = async () => (await api.request(`/task/status/${body.id}`)).body;
    return { api, id: body.id, status };
  };

  it('says PENDING, STARTED, SUCCESS, and the result', async () => {
    const { api, id, status } = await called();
    expect(await status()).toEqual({ id, result: null, status: 'PENDING' });
    const worker = api.worker();
    const attempt = await claimed(worker);
    expect(await status()).toEqual({ id, result: null, status: 'STARTED' });
    await finishAttempt(worker, attempt, { ...SUCCESS, result: '14' });
    expect(await status()).toEqual({ id, result: 14, status: 'SUCCESS' });
  });

  it('says FAILURE and why', async () => {
    const { api, id, status } = await called();
    const worker = api.worker();
    const attempt = await claimed(worker);
    await finishAttempt(worker, attempt, { ...FAILURE, failure: { reason: 'error', error: 'panic' } });
    expect(await status()).toEqual({ id, result: null, status: 'FAILURE', error: 'panic' });
  });

  it('says REVOKED of a cancelled one, and 404 of one that never was', async () => {
    const { api, id, status } = await called();
    await cancelTask(api.worker(), id);
    expect(await status()).toEqual({ id, result: null, status: 'REVOKED' });
    expect(await api.request('/task/status/nope')).toMatchObject({
      status: 404,
      body: { code: 'unknown_task' },
    });
  });
});
