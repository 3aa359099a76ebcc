import { describe, expect, it } from 'vitest';
import { makeApiHandler } from '../../functions/api/handler.ts';
import { makeHealth } from '../../src/api/health.ts';
import { MAX_BATCH_BODY_BYTES } from '../../src/core/limits.ts';
import { makeSettlers } from '../../src/core/settlers.ts';
import { makeMemoryInspector } from '../fakes/memory-inspector.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { httpEvent } from './events.ts';

const LAMBDA_BYTES = 6 * 1024 * 1024;

interface Result {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

function makeFunction() {
  const { ports, state } = makeMemoryPorts();
  const woken: [string, number][] = [];
  const handle = makeApiHandler({
    ports,
    inspector: makeMemoryInspector(ports, state).inspector,
    settlerOf: makeSettlers(ports),
    sleep: async (ms) => void (state.now += ms),
    compressedBytes: (text) => text.length / 10,
    health: makeHealth(ports),
    version: '1.2.3',
    waker: { wake: async (queue, sent) => void woken.push([queue, sent]) },
  });
  const send = async (request: Parameters<typeof httpEvent>[0]) => {
    const event = httpEvent(request);
    const result = (await handle(event as never)) as Result;
    return {
      ...result,
      eventBytes: JSON.stringify(event).length,
      json: JSON.parse(result.body) as Record<string, unknown>,
    };
  };
  return { ports, state, woken, send };
}

const json = { 'content-type': 'application/json' };

describe('the API as a function', () => {
  it('takes a task in a text body, answers in text, and wakes the launcher', async () => {
    const { send, state, woken } = makeFunction();
    const {
      statusCode,
      headers,
      isBase64Encoded,
      json: task,
    } = await send({
      method: 'POST',
      path: '/v1/queues/default/tasks',
      headers: json,
      body: '{"command":"echo ünï"}',
    });
    expect([statusCode, isBase64Encoded]).toEqual([201, false]);
    expect(headers?.['content-type']).toContain('application/json');
    expect(task).toMatchObject({ state: 'PENDING', command: 'echo ünï' });
    expect(state.messages.get('default')).toHaveLength(1);
    expect(woken).toEqual([['default', 1]]);
  });

  it('takes an upload in base64, as HTTP APIs hand over what they do not know for text', async () => {
    const { send, woken } = makeFunction();
    const { statusCode, json: answer } = await send({
      method: 'POST',
      path: '/v1/queues/default/batches',
      query: 'batch=nightly&chunk=0',
      headers: { 'content-type': 'application/x-ndjson' },
      body: Buffer.from('{"command":"echo ünï"}\n{"command":"echo 2"}\n'),
    });
    expect(statusCode).toBe(201);
    expect(answer).toMatchObject({ id: 'nightly', accepted: 2, refused: [] });
    expect(woken).toEqual([['default', 2]]);
  });

  it('answers problems with their own status, also to the largest body that Lambda is handed', async () => {
    const { send } = makeFunction();
    expect(await send({ method: 'GET', path: '/v1/tasks/none' })).toMatchObject({
      statusCode: 404,
      json: { code: 'unknown_task' },
    });
    const upload = (bytes: number) =>
      send({
        method: 'POST',
        path: '/v1/queues/default/batches',
        headers: { 'content-type': 'application/x-ndjson' },
        body: Buffer.alloc(bytes, 'x'),
      });
    const largest = await upload(MAX_BATCH_BODY_BYTES);
    expect(largest.eventBytes).toBeLessThan(LAMBDA_BYTES);
    expect(largest.json['code']).toBe('invalid_batch'); // it was read: all of it is no task
    expect(await upload(MAX_BATCH_BODY_BYTES + 1)).toMatchObject({
      statusCode: 413,
      json: { code: 'too_large' },
    });
  });

  it('cuts a list where it would outgrow what Lambda may answer, and goes on from there', async () => {
    const { send } = makeFunction();
    const command = `echo ${'"'.repeat(60_000)}`; // each quote is four bytes when the answer is quoted
    const tasks = 80;
    for (let task = 0; task < tasks; task += 1) {
      const path = '/v1/queues/default/batches';
      await send({
        method: 'POST',
        path,
        headers: json,
        body: JSON.stringify([{ command: `${command}${task}` }]),
      });
    }
    let cursor = '';
    const seen = new Set<unknown>();
    let pages = 0;
    do {
      const query = new URLSearchParams({ limit: '1000', ...(cursor && { cursor }) }).toString();
      const result = await send({ method: 'GET', path: '/v1/queues/default/tasks', query });
      expect(JSON.stringify({ body: result.body }).length).toBeLessThan(LAMBDA_BYTES);
      const page = result.json as { tasks: { id: string }[]; cursor?: string };
      for (const { id } of page.tasks) seen.add(id);
      cursor = page.cursor ?? '';
      pages += 1;
    } while (cursor !== '');
    expect(seen.size).toBe(tasks);
    expect(pages).toBeGreaterThan(1);
  });

  it('holds an answer for at most the 20 s of `wait`, below the 30 s of API Gateway', async () => {
    const { send, ports, state } = makeFunction();
    const { json: task } = await send({
      method: 'POST',
      path: '/v1/queues/default/tasks',
      headers: json,
      body: '{"command":"true"}',
    });
    const before = state.now;
    const path = `/v1/tasks/${String(task['id'])}`;
    expect(await send({ method: 'GET', path, query: 'wait=20' })).toMatchObject({ statusCode: 200 });
    expect(ports.clock() - before).toBe(20_000);
    expect(await send({ method: 'GET', path, query: 'wait=21' })).toMatchObject({ statusCode: 400 });
  });

  it('says what it depends on', async () => {
    const { send } = makeFunction();
    expect(await send({ method: 'GET', path: '/healthz' })).toMatchObject({
      statusCode: 200,
      json: { status: 'ok', version: '1.2.3', checks: { sqs: 'ok', dynamodb: 'ok' } },
    });
  });
});
