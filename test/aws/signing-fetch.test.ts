import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSigningFetch } from '../../src/aws/signing-fetch.ts';
import { MillraceClient } from '../../src/client/millrace-client.ts';
import { problem, ScriptedServer, taskReply } from '../client/scripted-server.ts';
import { ACCESS_KEY, expectedAuthorization, SECRET_KEY } from './signature.ts';

const credentials = { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY };
const access = { region: 'eu-west-1', credentials: async () => credentials };

test('what the tests hold signatures against is what AWS’s own test suite says', () => {
  const headers = {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=',
  };
  const vectors = [
    ['GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ] as const;
  for (const [method, target, signature] of vectors) {
    expect(expectedAuthorization({ method, target, headers, body: Buffer.alloc(0) })).toContain(
      `Signature=${signature}`,
    );
  }
});

describe('a signing fetch', () => {
  let server: ScriptedServer;
  let api: string;

  beforeEach(async () => {
    server = await ScriptedServer.start(() => taskReply('t1', 'PENDING'));
    api = `http://abc123.execute-api.localhost:${server.port}`;
  });
  afterEach(async () => server.stop());

  const last = () => {
    const received = server.received.at(-1);
    if (!received) throw new Error('nothing was received');
    return received;
  };
  const isSigned = (): void => expect(last().headers.authorization).toBe(expectedAuthorization(last()));

  test('reaches a name under localhost on the loopback address, and signs that name', async () => {
    const client = new MillraceClient(api, { fetch: makeSigningFetch(access) });
    expect((await client.createTask('default', { command: 'echo ä' })).id).toBe('t1');
    expect(last()).toMatchObject({ method: 'POST', target: '/v1/queues/default/tasks' });
    expect(last().headers.host).toBe(`abc123.execute-api.localhost:${server.port}`);
    expect(last().headers.authorization).toContain('/eu-west-1/execute-api/aws4_request');
    expect(last().headers.authorization).toMatch(/SignedHeaders=[^,]*content-type;host;idempotency-key;/);
    isSigned();
  });

  test('signs for any other host too', async () => {
    const client = new MillraceClient(`http://127.0.0.1:${server.port}`, { fetch: makeSigningFetch(access) });
    await client.uploadChunk({
      queue: 'default',
      batch: 'b1',
      chunk: 0,
      contentType: 'text/plain',
      body: Buffer.from([0, 255, 10]),
    });
    expect(last().body).toEqual(Buffer.from([0, 255, 10]));
    expect(last().headers.host).toBe(`127.0.0.1:${server.port}`);
    isSigned();
  });

  test('sends the query in the very form that it signs', async () => {
    const signingFetch = makeSigningFetch(access);
    await signingFetch(`${api}/v1/a%20queue/tasks?cursor=a+b/=%2B*'()&cursor=~ä&limit=`);
    expect(last().target).toBe('/v1/a%20queue/tasks?cursor=a%20b%2F%3D%2B%2A%27%28%29&cursor=~%C3%A4&limit=');
    isSigned();
    // The library that signs loses this one, which no route takes.
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '__proto__');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(name, fc.string({ unit: 'grapheme' })), {
          maxLength: 4,
        }),
        async (pairs) => {
          await signingFetch(`${api}/x?${new URLSearchParams(pairs).toString()}`);
          expect([...last().query].toSorted()).toEqual(pairs.toSorted());
          isSigned();
        },
      ),
      { numRuns: 50 },
    );
  });

  test('sends a session token, and no other authorization than its own', async () => {
    const session = { ...credentials, sessionToken: 'a token' };
    const signingFetch = makeSigningFetch({ ...access, credentials: async () => session });
    await signingFetch(`${api}/healthz`, { headers: { authorization: 'Basic x' } });
    expect(last().headers['x-amz-security-token']).toBe('a token');
    expect(last().headers.authorization).toMatch(/SignedHeaders=[^,]*x-amz-security-token/);
    isSigned();
  });

  test('signs each repetition anew, with the credentials of its moment', async () => {
    const keys = ['AKIDEXAMPLE', 'AKIDEXAMPLE', 'SECOND'];
    let nowMs = Date.UTC(2026, 2, 1);
    const signingFetch = makeSigningFetch(
      { ...access, credentials: async () => ({ ...credentials, accessKeyId: keys.shift() ?? '' }) },
      () => new Date((nowMs += 60_000)),
    );
    server.script = (_, nth) => (nth < 3 ? problem(503, 'unavailable') : taskReply('t1', 'PENDING'));
    await new MillraceClient(api, { fetch: signingFetch }).readTask('t1');
    expect(server.received.map(({ headers }) => headers['x-amz-date'])).toEqual([
      '20260301T000100Z',
      '20260301T000200Z',
      '20260301T000300Z',
    ]);
    expect(last().headers.authorization).toContain('Credential=SECOND/');
  });

  test('sends nothing without credentials, says so, and does not try again', async () => {
    const error = Object.assign(new Error('Could not load credentials'), {
      name: 'CredentialsProviderError',
    });
    const client = new MillraceClient(api, {
      fetch: makeSigningFetch({ ...access, credentials: () => Promise.reject(error) }),
    });
    await expect(client.queues()).rejects.toMatchObject({
      code: 'unauthorized',
      got: 'Could not load credentials',
    });
    expect(server.received).toEqual([]);
  });

  test('understands what the gateway itself refuses', async () => {
    server.script = () => ({ status: 403, json: { message: 'Forbidden' } });
    const client = new MillraceClient(api, { fetch: makeSigningFetch(access) });
    await expect(client.queues()).rejects.toMatchObject({
      code: 'forbidden',
      hint: expect.stringContaining('execute-api:Invoke') as string,
    });
  });

  test('ends with its signal, and when its time is up', async () => {
    server.script = () => 'silence';
    const stop = new AbortController();
    const client = (options: object) =>
      new MillraceClient(api, { fetch: makeSigningFetch(access), patienceMs: 0, ...options });
    const reading = client({ signal: stop.signal }).queues();
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(client({ timeoutMs: 50 }).queues()).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each(['drop', 'cut'] as const)('takes a connection that breaks (%s) for no answer', async (how) => {
    server.script = (_, nth) => (nth === 1 ? how : taskReply('t1', 'RUNNING'));
    const client = new MillraceClient(api, { fetch: makeSigningFetch(access) });
    expect((await client.readTask('t1')).state).toBe('RUNNING');
    expect(server.received).toHaveLength(2);
  });
});
