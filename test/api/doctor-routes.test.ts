import { describe, expect, it } from 'vitest';
import type { BatchFacts, ChunksSent, Settled } from '../../src/core/doctor/doctor-source.ts';
import type { QueueFacts } from '../../src/core/doctor/queue-facts.ts';
import type { RecountSlice } from '../../src/core/doctor/slice-counter.ts';
import { workOff } from '../fakes/memory-worker.ts';
import { makeApiUnderTest } from './api-under-test.ts';

describe('the routes of the doctor', () => {
  async function withTasks(count: number) {
    const api = makeApiUnderTest();
    const lines = Array.from({ length: count }, (_, n) => `echo ${n}`).join('\n');
    await api.post('/v1/queues/default/batches?batch=b&chunk=0', 'text/plain', lines);
    await workOff(api.worker());
    return api;
  }

  it('name the queues, the versions, and what is wrong with what the API depends on', async () => {
    const api = makeApiUnderTest({ health: { sqs: 'no answer' } });
    const { status, body } = await api.request('/v1/doctor');
    expect(status).toBe(200);
    expect(body).toEqual({
      version: '1.2.3',
      protocol: 1,
      time: new Date(api.state.now).toISOString(),
      queues: ['default', 'piped'],
      checks: { sqs: 'no answer' },
    });
  });

  it('tell what is recorded of a queue and of its batches', async () => {
    const api = await withTasks(12);
    const { body } = await api.request<QueueFacts>('/v1/doctor/queues/default');
    expect(body).toMatchObject({ queue: 'default', recorded: { succeeded: 12, failed: 0, cancelled: 0 } });
    expect(body.main).toMatchObject({ status: 'found', differences: [], visible: 0 });
    const batches = await api.request<{ batches: BatchFacts[] }>(
      '/v1/doctor/queues/default/batches?ids=b,nothing',
    );
    expect(batches.body.batches).toMatchObject([
      { id: 'b', total: 12, chunks: 1, recorded: { succeeded: 12 } },
    ]);
  });

  it('tell what is recorded of sets, which are batches too', async () => {
    const api = await withTasks(1);
    const tasks = [{ command: 'echo 1' }, { command: 'echo 2' }];
    const set = JSON.stringify({ tasks, then: { command: 'cat' } });
    const made = await api.post('/v1/queues/default/sets', 'application/json', set);
    await workOff(api.worker());
    const { id } = made.body as { id: string };
    const { status, body } = await api.request<{ batches: BatchFacts[] }>(
      `/v1/doctor/queues/default/batches?ids=b,${encodeURIComponent(id)}`,
    );
    expect(status).toBe(200);
    expect(body.batches).toMatchObject([{ id: 'b' }, { id, total: 2, recorded: { succeeded: 2 } }]);
  });

  it('recount a queue by shards, and a batch by chunks', async () => {
    const api = await withTasks(12);
    let rows = 0;
    for (let shard = 0; shard < 16; shard += 1) {
      const { body } = await api.request<RecountSlice>(`/v1/doctor/queues/default/recount?shard=${shard}`);
      expect(body.cursor).toBeUndefined();
      rows += body.counted.succeeded;
    }
    expect(rows).toBe(12);
    const { body } = await api.request<RecountSlice>('/v1/doctor/batches/b/recount');
    expect(body).toMatchObject({ rows: 12, batches: [{ id: 'b', tasks: 12, counted: { succeeded: 12 } }] });
  });

  it('go on behind a cursor, however many rows a shard has', async () => {
    const api = await withTasks(1);
    const [row] = api.state.tasks.values();
    if (!row) throw new Error('expected a row');
    for (let n = 0; n < 90_000; n += 1) {
      const id = `t${n}`;
      api.state.tasks.set(id, { ...row, id, createdAt: row.createdAt + n });
    }
    const path = '/v1/doctor/queues/default/recount?shard=3';
    const first = (await api.request<RecountSlice>(path)).body;
    const cursor = encodeURIComponent(first.cursor ?? '');
    const second = (await api.request<RecountSlice>(`${path}&cursor=${cursor}`)).body;
    expect(first.rows).toBeGreaterThan(4990);
    expect(first.rows).toBeLessThanOrEqual(5000);
    expect(second.rows).toBeGreaterThan(0);
    expect(second.cursor).toBeUndefined();
    const all = [...api.state.tasks.keys()].length;
    expect(first.rows + second.rows).toBeLessThan(all / 10);
  });

  it('send chunks and settle ends', async () => {
    const api = await withTasks(1);
    const sent = await api.post<ChunksSent>('/v1/doctor/queues/default/chunks', 'application/json', '');
    expect(sent.body).toEqual({ queue: 'default', sent: 0, left: 0 });
    const settled = await api.post<Settled>(
      '/v1/doctor/queues/default/settle',
      'application/json',
      JSON.stringify({ tasks: ['b.0.1', 'nothing'] }),
    );
    expect(settled.body).toEqual({ queue: 'default', settled: ['b.0.1'], waiting: ['nothing'] });
  });

  it.each([
    ['/v1/doctor/queues/none', 404, 'unknown_queue'],
    ['/v1/doctor/queues/default/recount', 400, 'invalid_request'],
    ['/v1/doctor/queues/default/recount?shard=16', 400, 'invalid_request'],
    ['/v1/doctor/queues/default/batches?ids=a%20b', 400, 'invalid_request'],
    ['/v1/doctor/batches/none/recount', 404, 'unknown_batch'],
    ['/v1/doctor/batches/none/recount?cursor=x', 400, 'invalid_request'],
  ])('refuse %s', async (path, status, code) => {
    expect(await makeApiUnderTest().request(path)).toMatchObject({ status, body: { code } });
  });

  it('refuse to settle what is no list of tasks', async () => {
    const api = makeApiUnderTest();
    const path = '/v1/doctor/queues/default/settle';
    for (const tasks of [[], Array<string>(101).fill('a'), 'a'])
      expect((await api.post(path, 'application/json', JSON.stringify({ tasks }))).status).toBe(400);
  });
});
