import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/core/errors.ts';
import type { WorkersRequest } from '../../src/core/launch.ts';
import { makeApiUnderTest } from './api-under-test.ts';

const PATH = '/v1/queues/default/workers';

function makeDeployed(
  answer: (request: WorkersRequest) => Promise<{ started: number }> = async ({ count }) => ({
    started: count,
  }),
) {
  const requests: (WorkersRequest & { queue: string })[] = [];
  const woken: [string, number][] = [];
  const api = makeApiUnderTest({
    startWorkers: async ({ name }, request) => {
      requests.push({ ...request, queue: name });
      return { queue: name, failures: [], ...(await answer(request)) };
    },
    waker: { wake: async (queue, sent) => void woken.push([queue, sent]) },
  });
  return { api, requests, woken };
}

describe('POST /v1/queues/{queue}/workers', () => {
  it('answers 202 with how many are on their way', async () => {
    const { api, requests } = makeDeployed();
    const { status, body } = await api.post(PATH, 'application/json', '{"count":5,"mode":"forever"}');
    expect([status, body]).toEqual([202, { queue: 'default', started: 5, failures: [] }]);
    expect(requests).toEqual([
      { queue: 'default', count: 5, mode: 'forever', key: expect.any(String) as string },
    ]);
  });

  it('starts workers that drain the queue unless told otherwise', async () => {
    const { api, requests } = makeDeployed();
    await api.post(PATH, 'application/json', '{"count":1}');
    expect(requests[0]?.mode).toBe('until-empty');
  });

  it('passes an Idempotency-Key on, and makes one for a request that has none', async () => {
    const { api, requests } = makeDeployed();
    await api.post(PATH, 'application/json', '{"count":1}', { 'idempotency-key': 'monday' });
    await api.post(PATH, 'application/json', '{"count":1}');
    await api.post(PATH, 'application/json', '{"count":1}');
    expect(requests[0]?.key).toBe('monday');
    expect(new Set(requests.map(({ key }) => key)).size).toBe(3);
  });

  it.each([
    '{}',
    '{"count":0}',
    '{"count":201}',
    '{"count":1.5}',
    '{"count":"1"}',
    '{"count":1,"mode":"ever"}',
    '{"count":1,"x":1}',
    '[]',
  ])('answers 400 to %s', async (text) => {
    const { api, requests } = makeDeployed();
    const { status, body } = await api.post(PATH, 'application/json', text);
    expect([status, body['code']]).toEqual([400, 'invalid_request']);
    expect(requests).toEqual([]);
  });

  it('answers 404 for a queue that is none, 415 and 413 for a body that is none', async () => {
    const { api } = makeDeployed();
    expect((await api.post('/v1/queues/none/workers', 'application/json', '{"count":1}')).status).toBe(404);
    expect((await api.post(PATH, 'text/plain', '{"count":1}')).status).toBe(415);
    expect((await api.post(PATH, 'application/json', `{"count":1,"x":"${'x'.repeat(2000)}"}`)).status).toBe(
      413,
    );
  });

  it('answers what the launcher says when it refuses', async () => {
    const { api } = makeDeployed(async () => {
      throw new MillraceError('wrong_state', 'Queue default is paused.', { hint: 'Resume it.' });
    });
    const { status, body } = await api.post(PATH, 'application/json', '{"count":1}');
    expect([status, body['code']]).toEqual([409, 'wrong_state']);
  });

  it('of a local stack answers 501, and says how workers are started there', async () => {
    const { status, body } = await makeApiUnderTest().post(PATH, 'application/json', '{"count":1}');
    expect([status, body['code']]).toEqual([501, 'not_supported']);
    expect(body['hint']).toContain('millrace work default');
  });
});

describe('the launcher', () => {
  it('is woken after everything that gives workers something to do, with how much that is', async () => {
    const { api, woken } = makeDeployed();
    await api.post('/v1/queues/default/tasks', 'application/json', '{"command":"true"}', {
      'idempotency-key': 'k',
    });
    await api.post('/v1/queues/default/batches', 'text/plain', 'echo 1\necho 2\n');
    await api.request('/v1/queues/default/pause', { method: 'POST' });
    await api.request('/v1/queues/default/resume', { method: 'POST' });
    await api.request('/v1/queues/default/redrive', { method: 'POST' });
    expect(woken).toEqual([
      ['default', 1],
      ['default', 2],
      ['default', 0],
      ['default', 0],
    ]);
  });

  it('that cannot be woken fails no request', async () => {
    const api = makeApiUnderTest({
      waker: {
        wake: async () => {
          throw new Error('no such function');
        },
      },
    });
    const { status } = await api.post('/v1/queues/default/tasks', 'application/json', '{"command":"true"}');
    expect(status).toBe(201);
    expect(api.state.log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringContaining('could not wake') as string,
      }),
    );
  });
});
