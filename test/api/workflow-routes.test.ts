import { describe, expect, it } from 'vitest';
import { workOff } from '../fakes/memory-worker.ts';
import { makeApiUnderTest } from './api-under-test.ts';

interface Workflow {
  id: string;
  state: string;
  steps?: { task: string; state: string }[];
}
const CHAIN = { steps: [{ command: 'one' }, { handler: 'two', into: 'last' }] };
const SET = { tasks: [{ command: 'one' }, { command: 'two' }], then: { command: 'then' } };

function makeApi() {
  const api = makeApiUnderTest();
  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    api.post<Workflow>(path, 'application/json', JSON.stringify(body), headers);
  return { api, post };
}

describe('POST /v1/queues/{queue}/chains and /sets', () => {
  it('answer 201 with the workflow, and 200 with the same under the same key', async () => {
    const { post } = makeApi();
    const key = { 'idempotency-key': 'k' };
    const made = await post('/v1/queues/default/chains', CHAIN, key);
    expect(made).toMatchObject({ status: 201, body: { kind: 'chain', state: 'PENDING' } });
    expect(made.body.id).toMatch(/^w~/);
    expect(made.body.steps?.map(({ state }) => state)).toEqual(['PENDING', 'WAITING']);
    expect(await post('/v1/queues/default/chains', CHAIN, key)).toMatchObject({
      status: 200,
      body: { id: made.body.id },
    });
    expect(await post('/v1/queues/default/sets', SET, key)).toMatchObject({
      status: 409,
      body: { code: 'content_conflict', workflow: made.body.id },
    });
    expect(await post('/v1/queues/default/sets', SET)).toMatchObject({ status: 201, body: { kind: 'set' } });
  });

  it.each([
    ['chains', {}, /steps/],
    ['chains', { steps: [] }, /steps: expected at least one/],
    [
      'chains',
      { steps: Array.from({ length: 101 }, () => ({ command: 'x' })) },
      /steps: expected at most 100/,
    ],
    ['chains', { steps: [{ command: 'x' }, { command: '' }] }, /^Step 2: .*command/],
    ['chains', { steps: [{ command: 'x', workflow: 'y' }] }, /^Step 1: .*workflow/],
    ['chains', { steps: [{ handler: 'x', into: 'y' }] }, /^Step 1: .*nothing is handed/],
    ['chains', { steps: [{ command: 'x' }, { command: 'y', into: 'z' }] }, /^Step 2: .*handler/],
    ['chains', { steps: [{ command: 'x' }, { handler: 'y', args: [1], into: 'z' }] }, /^Step 2: .*object/],
    [
      'chains',
      { steps: [{ command: 'x' }, { handler: 'y', into: '__proto__' }] },
      /^Step 2: .*cannot be used/,
    ],
    ['chains', { steps: ['x'] }, /^Step 1: /],
    ['sets', { tasks: [{ command: 'x' }] }, /then/],
    ['sets', { ...SET, tasks: [{ command: 'x' }, {}] }, /^Task 2: /],
    ['sets', { ...SET, then: {} }, /^`then`: /],
    ['sets', { ...SET, evenIfFailed: 1 }, /evenIfFailed/],
  ])('refuse, to %s: %j', async (route, body, detail) => {
    const { api, post } = makeApi();
    const answer = await post(`/v1/queues/default/${route}`, body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_task', detail: expect.stringMatching(detail) as string },
    });
    expect(api.state.messages.get('default') ?? []).toEqual([]);
    expect(api.state.workflows.size).toBe(0);
  });

  it('take steps without input on a queue with a program, but for the first', async () => {
    const { api, post } = makeApi();
    expect((await post('/v1/queues/piped/chains', { steps: [{}, {}] })).status).toBe(400);
    const { status, body } = await post('/v1/queues/piped/chains', { steps: [{ input: 'a' }, {}] });
    expect(status).toBe(201);
    const { definition } = api.worker(await api.ports.catalog.find('piped'));
    await workOff(api.worker(definition), { exitCode: 0, stdout: 'out', stderr: '' });
    expect(await api.request(`/v1/workflows/${body.id}`)).toMatchObject({
      body: { state: 'SUCCEEDED', result: 'out' },
    });
  });

  it('refuse what could not be kept for later', async () => {
    const { post } = makeApi();
    const noise = () => Array.from({ length: 60_000 }, () => Math.random().toString(36).slice(2, 3)).join('');
    const steps = Array.from({ length: 20 }, () => ({ command: noise() }));
    expect(await post('/v1/queues/default/chains', { steps })).toMatchObject({
      status: 413,
      body: { code: 'too_large' },
    });
  });
});

describe('GET /v1/workflows/{id} and its cancel', () => {
  it('wait for the end', async () => {
    const { api, post } = makeApi();
    const { body } = await post('/v1/queues/default/sets', SET);
    api.whilePaused = async () => void (await workOff(api.worker()));
    expect(await api.request(`/v1/workflows/${body.id}?wait=20`)).toMatchObject({
      status: 200,
      body: { state: 'SUCCEEDED', members: { succeeded: 2 } },
    });
    expect(await post(`/v1/workflows/${body.id}/cancel`, {})).toMatchObject({ status: 409 });
    expect(await api.request(`/v1/tasks/${body.id}.0.1`)).toMatchObject({
      body: { workflow: body.id, batch: body.id },
    });
  });

  it('answer 200 to a cancel that is done, 404 to an id that nobody knows', async () => {
    const { api, post } = makeApi();
    const { body } = await post('/v1/queues/default/chains', CHAIN);
    expect(await post(`/v1/workflows/${body.id}/cancel`, {})).toMatchObject({
      status: 200,
      body: { state: 'CANCELLED', cancelRequested: true },
    });
    expect(await api.request('/v1/workflows/w~x')).toMatchObject({
      status: 404,
      body: { code: 'unknown_workflow' },
    });
    expect(await post('/v1/workflows/w~x/cancel', {})).toMatchObject({ status: 404 });
  });

  it('are for ids that no upload can take', async () => {
    const { api } = makeApi();
    const answer = await api.post('/v1/queues/default/batches?batch=w~x&chunk=0', 'text/plain', 'true\n');
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});
