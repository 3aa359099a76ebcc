import { describe, expect, it } from 'vitest';
import { finishAttempt } from '../../src/core/attempt.ts';
import { MAX_TASK_BODY_BYTES } from '../../src/core/limits.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { taskShape } from '../../src/api/shapes.ts';
import { FaultPlan } from '../fakes/intercept-ports.ts';
import { START } from '../fakes/memory-ports.ts';
import { claimNext, FAILURE, SUCCESS, workOff } from '../fakes/memory-worker.ts';
import { makeApiUnderTest, PIPED, type ApiUnderTest } from './api-under-test.ts';

const TASKS = '/v1/queues/default/tasks';
const JSON_TYPE = 'application/json';

async function enqueue(api: ApiUnderTest, task: object = { command: 'echo hi' }): Promise<TaskView> {
  const { status, body } = await api.post<TaskView>(TASKS, JSON_TYPE, JSON.stringify(task));
  expect(status).toBe(201);
  return body;
}

describe('POST /v1/queues/{queue}/tasks', () => {
  it('answers 201 with the task, whose message is sent and whose row is there', async () => {
    const api = makeApiUnderTest();
    const task = await enqueue(api, { argv: ['ls', '-l'], maxAttempts: 7 });
    expect(task).toEqual({
      id: expect.any(String) as string,
      queue: 'default',
      state: 'PENDING',
      argv: ['ls', '-l'],
      attempt: 0,
      maxAttempts: 7,
      createdAt: new Date(START).toISOString(),
    });
    expect(taskShape.parse(task)).toEqual(task);
    expect(api.state.messages.get('default')).toHaveLength(1);
    expect(api.state.tasks.get(task.id)?.state).toBe('PENDING');
  });

  it('shows a long command whole, though its row holds only the beginning', async () => {
    const api = makeApiUnderTest();
    const command = `echo ${'x'.repeat(5000)}`;
    const task = await enqueue(api, { command });
    expect(task.command).toBe(command);
    expect((await api.request<TaskView>(`/v1/tasks/${task.id}`)).body.command).toBe(command);
    expect(api.state.tasks.get(task.id)?.programCut).toBe(true);
  });

  it('delays the task and its message by delaySeconds', async () => {
    const api = makeApiUnderTest();
    const task = await enqueue(api, { command: 'true', delaySeconds: 900 });
    expect(task.notBefore).toBe(new Date(START + 900_000).toISOString());
    expect(api.state.messages.get('default')?.[0]?.delaySeconds).toBe(900);
  });

  it('answers the second request with the same Idempotency-Key with 200 and the same task', async () => {
    const api = makeApiUnderTest();
    const send = () =>
      api.post<TaskView>(TASKS, JSON_TYPE, '{"command":"echo hi"}', { 'Idempotency-Key': 'k1' });
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(api.state.messages.get('default')).toHaveLength(1);
  });

  it('answers 409 to the same Idempotency-Key with another content, and enqueues nothing', async () => {
    const api = makeApiUnderTest();
    const send = (command: string) =>
      api.post(TASKS, JSON_TYPE, JSON.stringify({ command }), { 'Idempotency-Key': 'k1' });
    const first = await send('echo one');
    const second = await send('echo two');
    expect(second).toMatchObject({ status: 409, body: { code: 'content_conflict', task: first.body['id'] } });
    expect(api.state.messages.get('default')).toHaveLength(1);
  });

  it('makes one task of a request that was repeated after its answer was lost', async () => {
    const faults = new FaultPlan().plan('tasks.change', 'after');
    const api = makeApiUnderTest({ intercept: faults.intercept });
    const send = () => api.post<TaskView>(TASKS, JSON_TYPE, '{"command":"true"}', { 'Idempotency-Key': 'k' });
    expect((await send()).status).toBe(503);
    expect((await send()).status).toBe(200);
    expect(api.state.tasks.size).toBe(1);
  });

  it('gives a task that waits longer than SQS delays one to the scheduler, and wakes no launcher', async () => {
    const woken: string[] = [];
    const api = makeApiUnderTest({ waker: { wake: async (queue) => void woken.push(queue) } });
    const answer = await api.post<TaskView>(TASKS, JSON_TYPE, '{"command":"true","delaySeconds":86400}');
    expect(answer).toMatchObject({
      status: 201,
      body: { state: 'PENDING', notBefore: '2026-01-02T00:00:00.000Z' },
    });
    expect(api.state.timers.size).toBe(1);
    expect([api.state.messages.get('default') ?? [], woken]).toEqual([[], []]);
    const { body: listed } = await api.request<{ tasks: TaskView[] }>(`${TASKS}?state=PENDING`);
    expect(listed.tasks).toMatchObject([{ id: answer.body.id, notBefore: '2026-01-02T00:00:00.000Z' }]);
    const { body: progress } = await api.request('/v1/queues/default');
    expect(progress).toMatchObject({ total: 0, pending: 0, delayed: 0 }); // counted once its message is in the queue
    const cancelled = await api.post(`/v1/tasks/${answer.body.id}/cancel`, JSON_TYPE, '');
    expect(cancelled).toMatchObject({ status: 200, body: { state: 'CANCELLED' } });
    expect(api.state.timers.size).toBe(0);
  });

  it('takes only input on a queue that has a program, and shows that program', async () => {
    const api = makeApiUnderTest();
    const send = (body: object) =>
      api.post<TaskView & { code: string }>('/v1/queues/piped/tasks', JSON_TYPE, JSON.stringify(body));
    expect((await send({ input: 'data' })).status).toBe(201);
    expect(await send({ command: 'true' })).toMatchObject({ status: 400, body: { code: 'invalid_task' } });
    expect(await send({})).toMatchObject({ status: 400, body: { code: 'invalid_task' } });
    expect([...api.state.tasks.values()][0]?.program).toEqual({ argv: PIPED.program });
  });

  it.each([
    ['no task at all', '[]', 'invalid_task', /expected object/i],
    ['both command and argv', '{"command":"a","argv":["a"]}', 'invalid_task', /exactly one of/],
    ['neither command nor argv', '{}', 'invalid_task', /exactly one of/],
    ['a handler with an input', '{"handler":"x","input":"a"}', 'invalid_task', /neither/],
    ['a misspelt key', '{"comand":"a"}', 'invalid_task', /comand/],
    ['an empty command', '{"command":"  "}', 'invalid_task', /empty/],
    ['a NUL in the command', '{"command":"a\\u0000b"}', 'invalid_task', /NUL/],
    [
      'a delay of more than a year',
      '{"command":"a","delaySeconds":31622401}',
      'invalid_task',
      /delaySeconds/,
    ],
    ['no attempt at all', '{"command":"a","maxAttempts":0}', 'invalid_task', /maxAttempts/],
    [
      'a key that reaches for the prototype',
      '{"command":"a","__proto__":{"x":1}}',
      'invalid_task',
      /__proto__/,
    ],
    [
      'a body nested too deeply',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      'invalid_task',
      /not a task/,
    ],
    ['broken JSON', '{"command": nope}', 'invalid_json', /not JSON/],
    ['an empty body', '', 'invalid_json', /not JSON/],
  ])('answers 400 to %s', async (_what, body, code, detail) => {
    const api = makeApiUnderTest();
    const answer = await api.post(TASKS, JSON_TYPE, body);
    expect(answer).toMatchObject({
      status: 400,
      body: { code, status: 400, hint: expect.any(String) as string },
    });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body['detail']).toMatch(detail);
    expect(api.state.messages.get('default') ?? []).toHaveLength(0);
    expect(api.state.tasks.size).toBe(0);
  });

  it.each([
    ['{"command": nope}', 13],
    ['{"command": "a",}', 16],
    ['{"command": "a"', 15],
    ['', 0],
    [`{"input": "${'é'.repeat(3000)}", "command": ]}`, 3025],
  ])('tells the position where %j stops to be JSON', async (body, position) => {
    const answer = await makeApiUnderTest().post(TASKS, JSON_TYPE, body);
    expect(answer.body).toMatchObject({ code: 'invalid_json', position });
  });

  it('answers 400 to JSON that is not UTF-8', async () => {
    const body = new Uint8Array([...new TextEncoder().encode('{"command":"'), 0xff, 0x22, 0x7d]);
    const answer = await makeApiUnderTest().post(TASKS, JSON_TYPE, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', ''])(
    'answers 415 to the content type %j',
    async (type) => {
      const answer = await makeApiUnderTest().post(TASKS, type, '{"command":"true"}');
      expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    },
  );

  it('takes application/json with a charset', async () => {
    const api = makeApiUnderTest();
    expect((await api.post(TASKS, 'Application/JSON; charset=utf-8', '{"command":"true"}')).status).toBe(201);
  });

  it('answers 413 to a long body, reading no more of it than the limit', async () => {
    const api = makeApiUnderTest();
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const answer = await api.request(TASKS, {
      method: 'POST',
      headers: { 'content-type': JSON_TYPE, 'content-length': '20' },
      body: endless,
      duplex: 'half',
    });
    expect(answer).toMatchObject({ status: 413, body: { code: 'too_large' } });
    expect(pulled).toBeLessThan(MAX_TASK_BODY_BYTES + 4 * 65_536);
  });

  it('answers 413 to a long body by its Content-Length alone', async () => {
    const answer = await makeApiUnderTest().post(TASKS, JSON_TYPE, '{}', {
      'content-length': String(MAX_TASK_BODY_BYTES + 1),
    });
    expect(answer.status).toBe(413);
  });

  it('answers 413 to a task that is longer than 256 KiB', async () => {
    const body = JSON.stringify({ command: 'cat', input: 'x'.repeat(256 * 1024) });
    expect(await makeApiUnderTest().post(TASKS, JSON_TYPE, body)).toMatchObject({
      status: 413,
      body: { code: 'too_large' },
    });
  });

  it('answers 404 to an unknown queue, and names the known ones', async () => {
    const answer = await makeApiUnderTest().post('/v1/queues/nope/tasks', JSON_TYPE, '{"command":"true"}');
    expect(answer).toMatchObject({ status: 404, body: { code: 'unknown_queue', got: 'nope' } });
    expect(answer.body['expected']).toBe('one of: default, piped');
  });

  it('takes a key for fresh when it is called so, and makes one task of it all the same', async () => {
    const api = makeApiUnderTest();
    const post = (command: string) =>
      api.post(TASKS, JSON_TYPE, JSON.stringify({ command }), {
        'idempotency-key': 'k',
        'millrace-fresh-key': 'true',
      });
    const first = await post('true');
    expect(first.status).toBe(201);
    api.state.now += 1;
    expect(await post('true')).toMatchObject({ status: 200, body: { id: first.body['id'] } });
    expect(await post('false')).toMatchObject({ status: 409, body: { code: 'content_conflict' } });
    await workOff(api.worker(), { exitCode: 0, stdout: '', stderr: '' });
    const { body } = await api.request<TaskView>(`/v1/tasks/${String(first.body['id'])}`);
    expect(body).toMatchObject({ state: 'SUCCEEDED', attempt: 1, command: 'true' });
  });

  it.each(['', 'x'.repeat(257)])('answers 400 to the Idempotency-Key %j', async (key) => {
    const answer = await makeApiUnderTest().post(TASKS, JSON_TYPE, '{"command":"true"}', {
      'idempotency-key': key,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('GET /v1/tasks/{id}', () => {
  it('shows what came of a task', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    await workOff(api.worker(), { exitCode: 0, stdout: 'hi\n', stderr: '', result: '{"n":1}' });
    const { status, body } = await api.request<TaskView>(`/v1/tasks/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      state: 'SUCCEEDED',
      attempt: 1,
      exitCode: 0,
      stdout: 'hi\n',
      result: { n: 1 },
    });
    expect(taskShape.parse(body)).toEqual(body);
  });

  it('answers 404 to an unknown task, and to a task that its batch does not have', async () => {
    const api = makeApiUnderTest();
    for (const id of ['nope', 'batch.0.1']) {
      expect(await api.request(`/v1/tasks/${id}`)).toMatchObject({
        status: 404,
        body: { code: 'unknown_task' },
      });
    }
  });

  it('holds the answer until the task has ended', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    api.whilePaused = async () => {
      if (api.pauses.length === 3) await workOff(api.worker(), SUCCESS);
    };
    const { body } = await api.request<TaskView>(`/v1/tasks/${id}?wait=20`);
    expect(body.state).toBe('SUCCEEDED');
    expect(api.pauses).toEqual([50, 100, 200]);
  });

  it('answers after the time to wait with the task as it is, having looked at growing intervals', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    const { status, body } = await api.request<TaskView>(`/v1/tasks/${id}?wait=3`);
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'PENDING' });
    expect(api.pauses).toEqual([50, 100, 200, 400, 800, 1000, 450]);
  });

  it('does not wait for a task that has ended, nor when wait is 0', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    await api.request(`/v1/tasks/${id}?wait=0`);
    await workOff(api.worker());
    await api.request(`/v1/tasks/${id}?wait=20`);
    expect(api.pauses).toEqual([]);
  });

  it('stops waiting when the client has gone', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    const client = new AbortController();
    api.whilePaused = () => client.abort();
    await api.app.request(new Request(`http://api/v1/tasks/${id}?wait=20`, { signal: client.signal }));
    expect(api.pauses).toHaveLength(1);
  });

  it.each(['21', '-1', '1.5', 'x', ''])('answers 400 to wait=%s', async (wait) => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    expect(await api.request(`/v1/tasks/${id}?wait=${wait}`)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringContaining('wait') as string },
    });
  });

  it('answers 400 to a query parameter that it does not know', async () => {
    const answer = await makeApiUnderTest().request('/v1/tasks/x?wiat=5');
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body['detail']).toContain('wiat');
  });

  it('marks a task as expired whose lease has passed', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    await claimNext(api.worker());
    expect((await api.request<TaskView>(`/v1/tasks/${id}`)).body).not.toHaveProperty('expired');
    api.state.now += 66_000;
    expect((await api.request<TaskView>(`/v1/tasks/${id}`)).body).toMatchObject({
      state: 'RUNNING',
      expired: true,
    });
  });
});

describe('POST /v1/tasks/{id}/cancel', () => {
  const cancel = (api: ApiUnderTest, id: string) =>
    api.request<TaskView & { code: string }>(`/v1/tasks/${id}/cancel`, { method: 'POST' });

  it('ends a PENDING task at once, and counts it', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    expect(await cancel(api, id)).toMatchObject({ status: 200, body: { id, state: 'CANCELLED' } });
    expect((await api.request('/v1/queues/default')).body).toMatchObject({ cancelled: 1 });
    expect((await cancel(api, id)).status).toBe(200);
  });

  it('answers 202 for a running task, whose worker is asked to kill it', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    await claimNext(api.worker());
    expect(await cancel(api, id)).toMatchObject({ status: 202, body: { state: 'RUNNING' } });
    expect(api.state.tasks.get(id)?.cancelRequested).toBe(true);
    expect(api.state.controls.get('default')?.cancels).toBe(1);
  });

  it('answers 409 for a task that has ended otherwise, and 404 for one that is not known', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    await workOff(api.worker());
    expect(await cancel(api, id)).toMatchObject({
      status: 409,
      body: { code: 'wrong_state', got: 'SUCCEEDED' },
    });
    expect(await cancel(api, 'nope')).toMatchObject({ status: 404, body: { code: 'unknown_task' } });
  });
});

describe('POST /v1/tasks/{id}/redrive', () => {
  const redrive = (api: ApiUnderTest, id: string) =>
    api.request<TaskView & { code: string }>(`/v1/tasks/${id}/redrive`, { method: 'POST' });

  it('makes a FAILED task run again, its end taken back once it ends anew', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api, { command: 'false', maxAttempts: 1 });
    await workOff(api.worker(), FAILURE);
    expect((await api.request('/v1/queues/default')).body).toMatchObject({ failed: 1, total: 1 });
    expect(await redrive(api, id)).toMatchObject({ status: 202, body: { id, state: 'PENDING' } });
    await workOff(api.worker(), SUCCESS);
    expect((await api.request('/v1/queues/default')).body).toMatchObject({
      failed: 0,
      succeeded: 1,
      total: 1,
    });
  });

  it('waits for an end that is not counted yet', async () => {
    const api = makeApiUnderTest();
    const worker = api.worker();
    const id = await failUncounted(api, worker);
    api.whilePaused = async () => {
      if (api.pauses.length === 2) await worker.settler.flush();
    };
    expect((await redrive(api, id)).status).toBe(202);
    expect(api.pauses).toEqual([50, 100]);
  });

  it('answers 409 when that takes longer than 2 s', async () => {
    const api = makeApiUnderTest();
    const id = await failUncounted(api, api.worker());
    expect(await redrive(api, id)).toMatchObject({ status: 409, body: { code: 'not_counted_yet' } });
    expect(api.state.now - START).toBeLessThanOrEqual(2000);
  });

  it('answers 409 for a task that has not failed', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api);
    expect(await redrive(api, id)).toMatchObject({ status: 409, body: { code: 'wrong_state' } });
  });

  it('answers 410 when what the task ran is no longer kept', async () => {
    const api = makeApiUnderTest();
    const { id } = await enqueue(api, { command: 'false', maxAttempts: 1 });
    await workOff(api.worker(), FAILURE);
    api.state.payloads.clear();
    expect(await redrive(api, id)).toMatchObject({ status: 410, body: { code: 'content_gone' } });
  });
});

async function failUncounted(api: ApiUnderTest, worker: ReturnType<ApiUnderTest['worker']>): Promise<string> {
  const { id } = await enqueue(api, { command: 'false', maxAttempts: 1 });
  const next = await claimNext(worker);
  if (next?.claim.kind !== 'run') throw new Error('the task was not claimed');
  await finishAttempt(worker, next.claim, FAILURE);
  return id;
}
