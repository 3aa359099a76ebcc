import { describe, expect, it } from 'vitest';
import type { ScheduleView } from '../../src/core/schedule.ts';
import { makeApiUnderTest, type ApiUnderTest } from './api-under-test.ts';

const SCHEDULES = '/v1/queues/default/schedules';
const NIGHTLY = { name: 'nightly', expression: 'cron(0 2 * * ? *)', task: { command: 'report' } };

const put = (api: ApiUnderTest, body: object, query = '') =>
  api.post<ScheduleView & { code: string }>(`${SCHEDULES}${query}`, 'application/json', JSON.stringify(body));

describe('POST /v1/queues/{queue}/schedules', () => {
  it('makes a schedule and tells when it fires next', async () => {
    const api = makeApiUnderTest();
    const answer = await put(api, { ...NIGHTLY, timezone: 'Europe/Berlin' });
    expect(answer).toMatchObject({ status: 201 });
    expect(answer.body).toEqual({
      ...NIGHTLY,
      queue: 'default',
      timezone: 'Europe/Berlin',
      enabled: true,
      createdAt: '2026-01-01T00:00:00.000Z',
      nextAt: '2026-01-01T01:00:00.000Z',
    });
  });

  it('changes nothing when the same comes again, later too, and leaves a paused one paused', async () => {
    const api = makeApiUnderTest();
    const first = await put(api, NIGHTLY);
    await api.post(`${SCHEDULES}/nightly/pause`, 'application/json', '');
    api.state.now += 3_600_000;
    const again = await put(api, { ...NIGHTLY, timezone: 'UTC' });
    expect(again).toMatchObject({ status: 200, body: { enabled: false, createdAt: first.body.createdAt } });
    expect(api.state.timers.size).toBe(1);
  });

  it.each([
    ['expression', { expression: 'cron(0 3 * * ? *)' }],
    ['time zone', { timezone: 'Europe/Berlin' }],
    ['task', { task: { command: 'other' } }],
    ['end', { endAt: '2027-01-01T00:00:00.000Z' }],
  ])('refuses another %s under a name that is taken, unless it is to replace', async (_what, change) => {
    const api = makeApiUnderTest();
    await put(api, NIGHTLY);
    expect(await put(api, { ...NIGHTLY, ...change })).toMatchObject({
      status: 409,
      body: { code: 'content_conflict' },
    });
    expect((await api.request(`${SCHEDULES}/nightly`)).body).toMatchObject(NIGHTLY);
    expect(await put(api, { ...NIGHTLY, ...change }, '?replace=true')).toMatchObject({
      status: 200,
      body: change,
    });
    expect((await api.request(`${SCHEDULES}/nightly`)).body).toMatchObject(change);
  });

  it('knows a one-time schedule again when its time is near, and refuses a time that is past', async () => {
    const api = makeApiUnderTest();
    const once = { ...NIGHTLY, expression: 'at(2026-01-01T00:01:00)' };
    expect((await put(api, once)).status).toBe(201);
    api.state.now += 60_001; // due, and not yet sent
    expect((await put(api, once)).status).toBe(200);
    expect(await put(api, { ...once, name: 'other' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_schedule', expected: expect.stringContaining('2026-01-01T00:01') as string },
    });
  });

  it.each([
    ['no name', { name: '' }, 'invalid_schedule'],
    ['a name with a dot', { name: 'a.b' }, 'invalid_schedule'],
    ['a name of 51 characters', { name: 'a'.repeat(51) }, 'invalid_schedule'],
    ['no expression', { expression: undefined }, 'invalid_schedule'],
    ['seconds', { expression: 'rate(30 seconds)' }, 'invalid_schedule'],
    ['a day that does not exist', { expression: 'cron(0 0 31 2 ? *)' }, 'invalid_schedule'],
    ['a time zone that does not exist', { timezone: 'Mars/Olympus' }, 'invalid_schedule'],
    ['a start without its offset', { startAt: '2027-01-01T00:00:00' }, 'invalid_schedule'],
    ['no task', { task: undefined }, 'invalid_schedule'],
    ['a task that is none', { task: { comand: 'x' } }, 'invalid_task'],
    ['a task with a delay of its own', { task: { command: 'x', delaySeconds: 5 } }, 'invalid_schedule'],
    ['a field that is unknown', { nmae: 'x' }, 'invalid_schedule'],
    ['a task too large', { task: { command: 'cat', input: 'x'.repeat(150_000) } }, 'too_large'],
  ])('refuses %s, and makes nothing', async (_what, change, code) => {
    const api = makeApiUnderTest();
    const answer = await put(api, { ...NIGHTLY, ...change });
    expect(answer.body).toMatchObject({ code, hint: expect.any(String) as string });
    expect(api.state.timers.size).toBe(0);
  });

  it('takes what a queue with a program takes', async () => {
    const api = makeApiUnderTest();
    const send = (task: object) =>
      api.post('/v1/queues/piped/schedules', 'application/json', JSON.stringify({ ...NIGHTLY, task }));
    expect(await send({ input: 'data' })).toMatchObject({ status: 201 });
    expect(await send({ command: 'true' })).toMatchObject({ status: 400, body: { code: 'invalid_task' } });
    expect(await api.request('/v1/queues/none/schedules')).toMatchObject({ status: 404 });
  });
});

describe('schedules', () => {
  it('are listed by name, page by page', async () => {
    const api = makeApiUnderTest();
    for (const name of ['b', 'a', 'c']) await put(api, { ...NIGHTLY, name });
    const first = await api.request<{ schedules: ScheduleView[]; cursor: string }>(`${SCHEDULES}?limit=2`);
    expect(first.body.schedules.map(({ name }) => name)).toEqual(['a', 'b']);
    const second = await api.request(`${SCHEDULES}?limit=2&cursor=${first.body.cursor}`);
    expect(second.body).toEqual({ schedules: [expect.objectContaining({ name: 'c' })] });
  });

  it('are paused, resumed and removed', async () => {
    const api = makeApiUnderTest();
    await put(api, NIGHTLY);
    const act = (verb: string) => api.post(`${SCHEDULES}/nightly/${verb}`, 'application/json', '');
    const paused = await act('pause');
    expect(paused).toMatchObject({ status: 200, body: { enabled: false } });
    expect(paused.body['nextAt']).toBeUndefined();
    expect((await act('resume')).body).toMatchObject({ enabled: true, nextAt: '2026-01-01T02:00:00.000Z' });
    const remove = () => api.request(`${SCHEDULES}/nightly`, { method: 'DELETE' });
    expect(await remove()).toMatchObject({ status: 200, body: { queue: 'default', name: 'nightly' } });
    expect(await remove()).toMatchObject({ status: 404, body: { code: 'unknown_schedule' } });
  });

  it.each(['none', 'a.b', '%F0%9F%99%82', 'x'.repeat(150)])('named %s are unknown', async (name) => {
    const api = makeApiUnderTest();
    const problem = { status: 404, body: { code: 'unknown_schedule' } };
    expect(await api.request(`${SCHEDULES}/${name}`)).toMatchObject(problem);
    expect(await api.request(`${SCHEDULES}/${name}`, { method: 'DELETE' })).toMatchObject(problem);
    expect(await api.post(`${SCHEDULES}/${name}/pause`, 'application/json', '')).toMatchObject(problem);
  });
});
