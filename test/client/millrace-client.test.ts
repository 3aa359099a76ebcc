import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MillraceClient } from '../../src/client/millrace-client.ts';
import { MillraceError } from '../../src/core/errors.ts';
import { problem, ScriptedServer, taskReply, type Script } from './scripted-server.ts';

const upload = {
  queue: 'default',
  batch: 'b1',
  chunk: 3,
  contentType: 'text/plain; charset=utf-8',
  body: new TextEncoder().encode('echo ä\n'),
};

async function errorOf(promise: Promise<unknown>): Promise<MillraceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof MillraceError)) throw new Error(`expected a MillraceError, got ${String(error)}`);
  return error;
}

describe('MillraceClient', () => {
  let server: ScriptedServer;
  const script = (next: Script) => {
    server.script = next;
  };
  const client = (options = {}) => new MillraceClient(server.url, options);

  beforeEach(async () => {
    server = await ScriptedServer.start(() => ({ json: {} }));
  });
  afterEach(async () => server.stop());

  test('sends the user info of its address as a header', async () => {
    await client().queue('default');
    const expected = `Basic ${Buffer.from('millrace:se:cret').toString('base64')}`;
    expect(server.received[0]).toMatchObject({
      path: '/v1/queues/default',
      headers: { authorization: expected },
    });
  });

  test('creates a task under one key of its own, however often it has to send it', async () => {
    script((_, nth) => (nth < 3 ? 'drop' : taskReply('t1', 'PENDING')));
    const task = await client().createTask('default', { command: 'echo hi' });
    expect(task.id).toBe('t1');
    const keys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(server.received.map(({ body }) => body.toString())).toEqual(
      Array(3).fill('{"command":"echo hi"}'),
    );
    const fresh = server.received.map(({ headers }) => headers['millrace-fresh-key']);
    expect(fresh).toEqual(['true', undefined, undefined]);
  });

  test('calls no key fresh that it was given', async () => {
    script(() => taskReply('t1', 'PENDING'));
    await client().createTask('default', { command: 'echo hi' }, 'mine');
    expect(server.received[0]?.headers).toMatchObject({ 'idempotency-key': 'mine' });
    expect(server.received[0]?.headers).not.toHaveProperty('millrace-fresh-key');
  });

  test('uploads a chunk byte for byte, and again when it was not available', async () => {
    script((_, nth) => (nth === 1 ? problem(503, 'unavailable') : { json: { accepted: 1, refused: [] } }));
    const answer = await client().uploadChunk({ ...upload, timeoutSeconds: 5 });
    expect(answer).toEqual({ accepted: 1, refused: [] });
    expect(server.received).toHaveLength(2);
    const [, second] = server.received;
    expect(Object.fromEntries(second?.query ?? [])).toEqual({ batch: 'b1', chunk: '3', timeoutSeconds: '5' });
    expect(second?.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(second?.body.equals(upload.body)).toBe(true);
  });

  test('reads again when an answer breaks off in its middle', async () => {
    script((_, nth) => (nth === 1 ? 'cut' : taskReply('t1', 'RUNNING')));
    expect((await client().readTask('t1')).state).toBe('RUNNING');
    expect(server.received).toHaveLength(2);
  });

  test.each([
    ['redrive', (c: MillraceClient) => c.redrive('t1')],
    ['redriveQueue', (c: MillraceClient) => c.redriveQueue('default')],
    ['purge', (c: MillraceClient) => c.purge('default')],
    ['pause', (c: MillraceClient) => c.pause('default')],
  ])('sends %s once only, since it may not be repeated', async (_, send) => {
    script(() => 'drop');
    expect((await errorOf(send(client()))).code).toBe('unavailable');
    expect(server.received).toHaveLength(1);
  });

  test('turns a problem document into an error with all its parts, and does not repeat it', async () => {
    script(() =>
      problem(409, 'content_conflict', { expected: 'this', got: 'that', task: 't9', instance: 'urn:x' }),
    );
    const error = await errorOf(client().createTask('default', { command: 'x' }, 'key'));
    expect(error).toMatchObject({
      code: 'content_conflict',
      message: 'it is content_conflict',
      hint: 'do this',
      expected: 'this',
      got: 'that',
      extra: { task: 't9' },
    });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.headers['idempotency-key']).toBe('key');
  });

  test.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'unknown_route'],
    [413, 'too_large'],
    [500, 'internal'],
    [502, 'unavailable'],
    [302, 'invalid_request'],
  ])('understands a status of %i without a problem document as %s', async (status, code) => {
    script(() => ({ status, text: '<html>' }));
    const error = await errorOf(client({ patienceMs: 0 }).queues());
    expect(error.code).toBe(code);
    expect(error.got).toContain('<html>');
  });

  test('says what to do when nobody listens, without the key', async () => {
    const { url } = server;
    await server.stop();
    const retries: string[] = [];
    const away = new MillraceClient(url, { patienceMs: 300, onRetry: (error) => retries.push(error.code) });
    const error = await errorOf(away.queues());
    server = await ScriptedServer.start(() => ({})); // for afterEach
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('cret');
    expect(error.hint).toContain('npm start');
    expect(retries).toContain('unavailable');
  });

  test('gives up on an answer that does not come in time', async () => {
    script(() => 'silence');
    const error = await errorOf(client({ timeoutMs: 50, patienceMs: 0 }).queues());
    expect(error.message).toContain('no answer within 0.05 s');
  });

  test('ends at once with the reason of its signal, also between two tries', async () => {
    const stop = new AbortController();
    const reason = new Error('enough');
    script(() => {
      stop.abort(reason);
      return 'silence';
    });
    await expect(client({ signal: stop.signal }).queues()).rejects.toBe(reason);

    const later = new AbortController();
    script(() => 'drop');
    const waiting = client({ signal: later.signal, patienceMs: 60_000, onRetry: () => later.abort(reason) });
    await expect(waiting.queues()).rejects.toMatchObject({ cause: reason });
  });

  test('waits for a task until it has ended', async () => {
    script((_, nth) => taskReply('t1', nth < 3 ? 'RUNNING' : 'FAILED'));
    expect((await client().waitForTask('t1')).state).toBe('FAILED');
    expect(server.received.map(({ query }) => query.get('wait'))).toEqual(['20', '20', '20']);
  });

  test('returns an open task when the time to wait is up', async () => {
    script(async ({ query }) => {
      await new Promise((resolve) => setTimeout(resolve, Number(query.get('wait')) * 1000));
      return taskReply('t1', 'PENDING');
    });
    expect((await client().waitForTask('t1', 60)).state).toBe('PENDING');
  });

  test('passes on what it lists by', async () => {
    script(() => ({ json: { tasks: [] } }));
    await client().listTasks('a queue', { state: 'FAILED', limit: 5, oldestFirst: true, cursor: 'c=' });
    const [received] = server.received;
    expect(received?.path).toBe('/v1/queues/a%20queue/tasks');
    expect(Object.fromEntries(received?.query ?? [])).toEqual({
      state: 'FAILED',
      limit: '5',
      order: 'oldest',
      cursor: 'c=',
    });
  });

  test('confirms a purge by the name of the queue', async () => {
    await client().purge('default');
    expect(server.received[0]).toMatchObject({ method: 'DELETE', path: '/v1/queues/default/tasks' });
    expect(server.received[0]?.query.get('confirm')).toBe('default');
  });

  test.each(['', 'millrace', 'ftp://x', 'user:secret@host'])(
    'refuses the address %j without repeating a key',
    (address) => {
      const make = () => new MillraceClient(address);
      expect(make).toThrow(MillraceError);
      expect(make).not.toThrow(/secret/);
    },
  );
});
