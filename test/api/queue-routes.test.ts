import { describe, expect, it } from 'vitest';
import { listShape, queueShape, queuesShape } from '../../src/api/shapes.ts';
import type { QueueProgress } from '../../src/core/progress.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { START } from '../fakes/memory-ports.ts';
import { claimNext, FAILURE, SUCCESS, workOff } from '../fakes/memory-worker.ts';
import { makeApiUnderTest, type ApiUnderTest } from './api-under-test.ts';

const QUEUE = '/v1/queues/default';
const LIST = `${QUEUE}/tasks`;

interface Page {
  tasks: TaskView[];
  cursor?: string;
  code?: string;
}

async function enqueue(api: ApiUnderTest, command: string, more: object = {}): Promise<string> {
  const body = JSON.stringify({ command, ...more });
  return (await api.post<TaskView>(LIST, 'application/json', body)).body.id;
}

async function enqueueBatch(api: ApiUnderTest, batch: string, count: number): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, i) => `echo ${i + 1}`).join('\n');
  await api.post(`${QUEUE}/batches?batch=${batch}&chunk=0`, 'text/plain', lines);
  return Array.from({ length: count }, (_, i) => `${batch}.0.${i + 1}`);
}

async function listAll(api: ApiUnderTest, query: string): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const path: string = `${LIST}?${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`;
    const { status, body } = await api.request<Page>(path);
    expect(status).toBe(200);
    expect(listShape.parse(body)).toEqual(body);
    ids.push(...body.tasks.map(({ id }) => id));
    cursor = body.cursor;
    pages += 1;
    expect(pages).toBeLessThan(500);
  } while (cursor !== undefined);
  return { ids, pages };
}

describe('GET /v1/queues', () => {
  it('lists every queue with its progress', async () => {
    const api = makeApiUnderTest();
    const { status, body } = await api.request<{ queues: QueueProgress[] }>('/v1/queues');
    expect(status).toBe(200);
    expect(queuesShape.parse(body)).toEqual(body);
    expect(body.queues.map(({ queue }) => queue)).toEqual(['default', 'piped']);
  });
});

describe('GET /v1/queues/{queue}', () => {
  it('counts tasks where they are, and total is the sum of it all', async () => {
    const api = makeApiUnderTest();
    const worker = api.worker();
    await enqueue(api, 'true');
    await workOff(worker, SUCCESS);
    await enqueue(api, 'false', { maxAttempts: 1 });
    await workOff(worker, FAILURE);
    await enqueue(api, 'running');
    await claimNext(worker);
    await api.ports.queues.reportWorker(
      'default',
      { worker: 'w', slots: 1, busy: 1, held: 1, batches: {}, at: START },
      0,
    );
    await enqueue(api, 'waiting');
    await enqueue(api, 'later', { delaySeconds: 60 });
    const { body } = await api.request<QueueProgress>(QUEUE);
    expect(queueShape.parse(body)).toEqual(body);
    expect(body).toEqual({
      queue: 'default',
      total: 5,
      pending: 1,
      delayed: 1,
      running: 1,
      expired: 0,
      succeeded: 1,
      failed: 1,
      cancelled: 0,
      paused: false,
    });
  });

  it('answers 404 to an unknown queue', async () => {
    expect(await makeApiUnderTest().request('/v1/queues/nope')).toMatchObject({ status: 404 });
  });

  it('answers HEAD as GET, without a body', async () => {
    expect(await makeApiUnderTest().request(QUEUE, { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: undefined,
    });
  });
});

describe('GET /v1/queues/{queue}/tasks', () => {
  async function mixed(api: ApiUnderTest): Promise<string[]> {
    const ids: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (let i = 0; i < 5; i += 1) {
        api.state.now += 1000;
        ids.push(await enqueue(api, `echo ${i}`));
      }
      api.state.now += 1000;
      ids.push(...(await enqueueBatch(api, `batch-${round}`, 7)));
    }
    return ids;
  }

  it.each([1, 2, 3, 7, 8, 50, 1000])(
    'pages of %i show every task of rows and chunks once, in order of time',
    async (limit) => {
      const api = makeApiUnderTest();
      const ids = await mixed(api);
      expect((await listAll(api, `limit=${limit}&order=oldest`)).ids).toEqual(ids);
      expect((await listAll(api, `limit=${limit}`)).ids).toEqual(ids.toReversed());
    },
  );

  it('shows a claimed task of a batch once, by its row', async () => {
    const api = makeApiUnderTest();
    const ids = await enqueueBatch(api, 'b', 5);
    await claimNext(api.worker());
    expect(new Set((await listAll(api, 'limit=2')).ids)).toEqual(new Set(ids));
    expect((await listAll(api, 'limit=2')).ids).toHaveLength(5);
    expect((await listAll(api, 'state=pending')).ids).toHaveLength(4);
    expect((await listAll(api, 'state=running')).ids).toEqual(['b.0.1']);
  });

  it('goes on inside of a chunk, though tasks of it are claimed between two pages', async () => {
    const api = makeApiUnderTest();
    await enqueueBatch(api, 'b', 6);
    const first = await api.request<Page>(`${LIST}?state=pending&limit=3&order=oldest`);
    for (let i = 0; i < 2; i += 1) await claimNext(api.worker());
    const second = await api.request<Page>(
      `${LIST}?state=pending&limit=3&order=oldest&cursor=${first.body.cursor}`,
    );
    expect([...first.body.tasks, ...second.body.tasks].map(({ id }) => id)).toEqual(
      [1, 2, 3, 4, 5, 6].map((line) => `b.0.${line}`),
    );
  });

  it.each([
    ['SUCCEEDED', 'ok'],
    ['failed', 'bad'],
    ['Running', 'now'],
    ['PENDING', 'later'],
    ['cancelled', 'not'],
  ])('shows only tasks that are %s', async (state, command) => {
    const api = makeApiUnderTest();
    const worker = api.worker();
    await enqueue(api, 'ok');
    await workOff(worker, SUCCESS);
    await enqueue(api, 'bad', { maxAttempts: 1 });
    await workOff(worker, FAILURE);
    await enqueue(api, 'now');
    await claimNext(worker);
    await enqueue(api, 'later');
    await api.request(`/v1/tasks/${await enqueue(api, 'not')}/cancel`, { method: 'POST' });
    const { body } = await api.request<Page>(`${LIST}?state=${state}`);
    expect(body.tasks.map((task) => task.command)).toEqual([command]);
  });

  it('shows as EXPIRED the running tasks whose lease has passed', async () => {
    const api = makeApiUnderTest();
    const id = await enqueue(api, 'a');
    await claimNext(api.worker());
    expect((await listAll(api, 'state=EXPIRED')).ids).toEqual([]);
    api.state.now += 66_000;
    expect((await listAll(api, 'state=expired')).ids).toEqual([id]);
  });

  it('answers with 50 tasks unless told', async () => {
    const api = makeApiUnderTest();
    await enqueueBatch(api, 'b', 60);
    expect((await api.request<Page>(LIST)).body.tasks).toHaveLength(50);
  });

  it.each([
    ['state=DONE', /state: expected one of PENDING/],
    ['limit=0', /limit: expected at least 1/],
    ['limit=1001', /limit: expected at most 1000/],
    ['limit=1&limit=2', /limit/],
    ['order=random', /order: expected one of newest, oldest/],
    ['cursor=xyz', /cursor/],
    ['cursor=', /cursor/],
    ['cursor=WzEsMl0', /cursor/],
    ['offset=3', /offset/],
  ])('answers 400 to ?%s', async (query, detail) => {
    const answer = await makeApiUnderTest().request(`${LIST}?${query}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body['detail']).toMatch(detail);
  });
});

describe('POST /v1/queues/{queue}/redrive', () => {
  const redrive = (api: ApiUnderTest) => api.request(`${QUEUE}/redrive`, { method: 'POST' });

  it('makes every FAILED task run again, and leaves the others', async () => {
    const api = makeApiUnderTest();
    await enqueue(api, 'true');
    await workOff(api.worker(), SUCCESS);
    await enqueueBatch(api, 'b', 30);
    await enqueue(api, 'false', { maxAttempts: 1 });
    await workToTheEnd(api);
    expect(await redrive(api)).toMatchObject({
      status: 200,
      body: { queue: 'default', redriven: 31, skipped: 0, more: false },
    });
    await workOff(api.worker(), SUCCESS);
    expect((await api.request(QUEUE)).body).toMatchObject({ succeeded: 32, failed: 0, total: 32 });
  });

  it('skips what cannot be redriven, and says so', async () => {
    const api = makeApiUnderTest();
    for (let i = 0; i < 3; i += 1) await enqueue(api, 'false', { maxAttempts: 1 });
    await workOff(api.worker(), FAILURE);
    api.state.payloads.delete([...api.state.payloads.keys()][0] ?? '');
    expect((await redrive(api)).body).toMatchObject({ redriven: 2, skipped: 1, more: false });
  });

  it('takes no task twice that fails again at once', async () => {
    const api: ApiUnderTest = makeApiUnderTest({
      intercept: async (call, run) => {
        const before = api.state.tasks.get((call.args[0] as { id?: string })?.id ?? '');
        const answer = await run();
        if ((call.args[0] as { event?: string })?.event === 'redrive' && before) {
          api.state.now += 1;
          api.state.tasks.set(before.id, { ...before, endedAt: api.state.now });
        }
        return answer;
      },
    });
    for (let i = 0; i < 15; i += 1) await enqueue(api, 'false', { maxAttempts: 1 });
    await workOff(api.worker(), FAILURE);
    expect((await redrive(api)).body).toMatchObject({ redriven: 15, more: false });
  });

  it('does at most 500 tasks in one call, and asks to be called again', async () => {
    const api = makeApiUnderTest();
    await enqueueBatch(api, 'b', 510);
    await workToTheEnd(api);
    expect((await redrive(api)).body).toMatchObject({ redriven: 500, more: true });
    expect((await redrive(api)).body).toMatchObject({ redriven: 10, more: false });
    expect((await redrive(api)).body).toMatchObject({ redriven: 0, more: false });
  });
});

describe('DELETE /v1/queues/{queue}/tasks', () => {
  it('cancels what was enqueued before, and nothing that comes later', async () => {
    const api = makeApiUnderTest();
    await enqueue(api, 'old');
    await enqueueBatch(api, 'b', 2);
    api.state.now += 10;
    const { status, body } = await api.request(`${LIST}?confirm=default`, { method: 'DELETE' });
    expect({ status, body }).toEqual({
      status: 202,
      body: { queue: 'default', purgedBefore: new Date(START + 10).toISOString() },
    });
    await enqueue(api, 'new');
    await workOff(api.worker(), SUCCESS);
    expect((await api.request(QUEUE)).body).toMatchObject({ cancelled: 3, succeeded: 1, total: 4 });
  });

  it.each(['', '?confirm=', '?confirm=other'])('answers 400 to %j, and purges nothing', async (query) => {
    const api = makeApiUnderTest();
    const answer = await api.request(`${LIST}${query}`, { method: 'DELETE' });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'confirmation_required', expected: '?confirm=default' },
    });
    expect(api.state.controls.get('default')).toBeUndefined();
  });
});

describe('POST /v1/queues/{queue}/pause and /resume', () => {
  it('answer with the queue as it is then', async () => {
    const api = makeApiUnderTest();
    const send = (verb: string) => api.request(`${QUEUE}/${verb}`, { method: 'POST' });
    expect(await send('pause')).toMatchObject({ status: 200, body: { queue: 'default', paused: true } });
    expect((await api.request('/v1/queues/piped')).body).toMatchObject({ paused: false });
    expect(await send('resume')).toMatchObject({ status: 200, body: { paused: false } });
  });
});

/** Works until every task has failed for good, through all their back-offs. */
async function workToTheEnd(api: ApiUnderTest): Promise<void> {
  const worker = api.worker();
  while ((api.state.messages.get('default') ?? []).length > 0) {
    await workOff(worker, FAILURE);
    api.state.now += 60_000;
  }
}
