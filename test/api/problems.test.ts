import { describe, expect, it } from 'vitest';
import { problemShape } from '../../src/api/shapes.ts';
import type { Intercept } from '../fakes/intercept-ports.ts';
import { makeApiUnderTest } from './api-under-test.ts';

const failing =
  (name: string, error: Error): Intercept =>
  (call, run) =>
    call.name === name ? Promise.reject(error) : run();

describe('an unknown route', () => {
  it.each([
    ['/v1/queue', 'GET /v1/queues'],
    ['/v1/queues/default/task', 'POST /v1/queues/{queue}/tasks'],
    ['/v1/task/abc/cancel', 'POST /v1/tasks/{id}/cancel'],
    ['/v1/task_list/batch', 'POST /v1/task_list/batch/'],
    ['/health', 'GET /healthz'],
    [`/${'x/'.repeat(5000)}`, 'GET /healthz'],
  ])('answers 404 to %s and names %s among the near ones', async (path, near) => {
    const { status, body } = await makeApiUnderTest().request<{ code: string; near: string[] }>(path);
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'unknown_route' });
    expect(body.near).toHaveLength(5);
    if (path !== `/${'x/'.repeat(5000)}`) expect(body.near).toContain(near);
    expect(problemShape.parse(body)).toEqual(body);
  });
});

describe('a known route with another method', () => {
  it.each([
    ['PUT', '/v1/queues/default/tasks', 'DELETE, GET, HEAD, POST'],
    ['GET', '/v1/queues/default/batches', 'POST'],
    ['DELETE', '/v1/tasks/abc', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/v1/queues', 'GET, HEAD'],
  ])('answers 405 to %s %s, and allows %s', async (method, path, allow) => {
    const { status, headers, body } = await makeApiUnderTest().request(path, { method });
    expect({ status, code: body['code'] }).toEqual({ status: 405, code: 'method_not_allowed' });
    expect(headers.get('allow')?.split(', ').sort().join(', ')).toBe(allow);
  });
});

describe('a name that is longer than any', () => {
  const long = 'x'.repeat(3000); // DynamoDB takes keys of 2,048 bytes
  it.each([
    ['GET', `/v1/tasks/${long}`],
    ['POST', `/v1/tasks/${long}/cancel`],
    ['POST', `/v1/tasks/${long}/redrive`],
    ['GET', `/v1/batches/${long}`],
    ['GET', `/v1/queues/${long}`],
    ['GET', `/v1/queues/${long}/tasks`],
    ['POST', `/v1/queues/${long}/tasks`],
  ])('is refused and never looked up: %s %s', async (method, path) => {
    const { status, body } = await makeApiUnderTest().request(path, { method });
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'invalid_request' });
  });
});

describe('an unexpected error', () => {
  it('answers 500 without its text, which is logged under the id that the answer bears', async () => {
    const secret = new Error('connect to 10.0.0.7 with password hunter2');
    const api = makeApiUnderTest({ intercept: failing('catalog.list', secret) });
    const { status, headers, body } = await api.request('/v1/queues');
    expect({ status, code: body['code'] }).toEqual({ status: 500, code: 'internal' });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const requestId = headers.get('x-request-id');
    expect(body['instance']).toBe(`urn:millrace:request:${requestId}`);
    expect(api.state.log.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ fields: { err: secret, requestId, method: 'GET', path: '/v1/queues' } }),
    ]);
  });

  it.each([
    ['a throttled write', { name: 'ProvisionedThroughputExceededException' }],
    ['throttling', { name: 'ThrottlingException' }],
    ['too many requests', { name: 'RequestLimitExceeded' }],
    ['an answer of 503', { name: 'X', $metadata: { httpStatusCode: 503 } }],
    ['an answer of 429', { name: 'X', $metadata: { httpStatusCode: 429 } }],
    ['a refused connection', { name: 'Error', code: 'ECONNREFUSED' }],
    ['a reset connection below', { name: 'TypeError', cause: { code: 'ECONNRESET' } }],
    ['a timeout', { name: 'TimeoutError' }],
  ])('answers 503 with Retry-After to %s', async (_what, fields) => {
    const error = Object.assign(new Error('some text'), fields);
    const api = makeApiUnderTest({ intercept: failing('catalog.list', error) });
    const { status, headers, body } = await api.request('/v1/queues');
    expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'unavailable' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(api.state.log.some(({ level, fields: { err } }) => level === 'warn' && err === error)).toBe(true);
  });

  it('does not take a refused request for a service that is down', async () => {
    const error = Object.assign(new Error('x'), {
      name: 'ValidationException',
      $metadata: { httpStatusCode: 400 },
    });
    const api = makeApiUnderTest({ intercept: failing('catalog.list', error) });
    expect((await api.request('/v1/queues')).status).toBe(500);
  });
});

describe('every request', () => {
  it.each([
    ['/v1/queues', 200],
    ['/v1/queues/nope', 404],
    ['/nowhere', 404],
  ])('is logged once at debug level, and its answer bears its id: %s', async (path, status) => {
    const api = makeApiUnderTest();
    const { headers } = await api.request(path);
    const requestId = headers.get('x-request-id');
    expect(requestId).toMatch(/^id-\d+$/);
    expect(api.state.log).toEqual([
      { level: 'debug', message: 'request', fields: { requestId, method: 'GET', path, status, ms: 0 } },
    ]);
  });
});

describe('GET /healthz', () => {
  it('answers 200 when all that the API needs can be reached', async () => {
    expect(await makeApiUnderTest().request('/healthz')).toMatchObject({
      status: 200,
      body: { status: 'ok', version: '1.2.3', checks: { dynamodb: 'ok', sqs: 'ok' } },
    });
  });

  it('answers 503 and says what cannot', async () => {
    const api = makeApiUnderTest({ health: { dynamodb: 'ok', sqs: 'no answer in 2 s' } });
    expect(await api.request('/healthz')).toMatchObject({
      status: 503,
      body: { status: 'unavailable', checks: { sqs: 'no answer in 2 s' } },
    });
  });
});
