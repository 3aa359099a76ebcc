import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ANY_PORT } from '../../src/local/choose-port.ts';
import { startGuardedServer, type RunningServer } from '../../src/local/guarded-server.ts';
import { KEY, makeDynamodbClient, makeSqsClient, startDynamodb, startSqs } from './embedded-servers.ts';

const sigv4 = (id: string): string =>
  `AWS4-HMAC-SHA256 Credential=${id}/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=00`;
const basic = `Basic ${Buffer.from(`millrace:${KEY}`).toString('base64')}`;

/** A stand-in for the API: whatever reaches it is answered 200. */
async function startApi(): Promise<RunningServer> {
  const server = createServer((_request, response) => response.end('reached'));
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  const running = await startGuardedServer({ server, port: ANY_PORT, key: KEY, scheme: 'basic' });
  onTestFinished(() => running.close());
  return running;
}

const ports = {
  API: { start: startApi, authorization: basic, headers: {} },
  SQS: { start: startSqs, authorization: sigv4(KEY), headers: { 'x-amz-target': 'AmazonSQS.ListQueues' } },
  DynamoDB: {
    start: startDynamodb,
    authorization: sigv4(KEY),
    headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables', 'x-amz-date': '20260101T000000Z' },
  },
};

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

async function post(url: string, headers: OutgoingHttpHeaders, options = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(url, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/x-amz-json-1.0', ...headers },
    ...options,
  })
    .on('response', resolve)
    .on('error', reject)
    .end('{}');
  const response = await promise;
  return { status: response.statusCode ?? 0, body: await text(response), headers: response.headers };
}

/** Sends bytes as they are and returns the status line; empty when the connection was cut instead. */
async function sendRaw(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write([...lines, '', ''].join('\r\n'));
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('data', (data) => resolve(data.toString().split('\r\n')[0] ?? ''));
  socket.once('close', () => resolve(''));
  const status = await promise;
  socket.destroy();
  return status;
}

describe.each(['API', 'SQS', 'DynamoDB'] as const)('the %s port', (name) => {
  const { start, authorization, headers } = ports[name];

  it('answers who has the key', async () => {
    const { url } = await start();
    expect((await post(url, { ...headers, authorization })).status).toBe(200);
  });

  it.each<[string, OutgoingHttpHeaders, number]>([
    ['a foreign Host', { authorization, host: 'evil.example' }, 403],
    ['an Origin', { authorization, origin: 'http://evil.example' }, 403],
    ['a fetch from another site', { authorization, 'sec-fetch-site': 'cross-site' }, 403],
    ['no key', {}, 401],
    [
      'a wrong key',
      { authorization: name === 'API' ? basic.replace('Basic b', 'Basic c') : sigv4('wrong') },
      401,
    ],
    ['the key of the other kind of port', { authorization: name === 'API' ? sigv4(KEY) : basic }, 401],
  ])('refuses %s', async (_title, change, status) => {
    const { url } = await start();
    const answer = await post(url, { ...headers, ...change });
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.body).not.toContain(KEY);
  });

  it.each(['GET', 'PUT', 'OPTIONS', 'DELETE'])('refuses %s on any path without the key', async (method) => {
    const { url } = await start();
    for (const path of ['/', '/health', '/healthz', '/_fauxqs/queues', '/bucket/key?X-Amz-Signature=0']) {
      const { status } = await post(`${url}${path}`, {}, { method });
      expect(status).toBe(401);
    }
  });

  it('refuses a preflight, so that a browser sends nothing further', async () => {
    const { url } = await start();
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    expect((await post(url, preflight, { method: 'OPTIONS' })).status).toBe(403);
  });

  it('refuses absolute targets, doubled headers, upgrades and tunnels', async () => {
    const { port } = await start();
    const host = `Host: 127.0.0.1:${port}`;
    const key = `Authorization: ${authorization}`;
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ];
    expect(await sendRaw(port, ['GET http://evil.example/ HTTP/1.1', host, key])).toMatch(/ 403 /);
    expect(await sendRaw(port, ['GET / HTTP/1.1', host, 'Host: evil.example', key])).toMatch(/ 40[03] /);
    expect(await sendRaw(port, ['GET / HTTP/1.1', host, 'Authorization: Basic eA==', key])).toMatch(
      / 40[01] /,
    );
    expect(await sendRaw(port, ['GET / HTTP/1.0', key])).toMatch(/ 403 /);
    expect(await sendRaw(port, ['GET / HTTP/1.1', host, ...upgrade])).toMatch(/ 401 /);
    expect(await sendRaw(port, ['GET / HTTP/1.1', host, 'Origin: http://e.example', ...upgrade])).toMatch(
      / 403 /,
    );
    expect(await sendRaw(port, [`CONNECT 127.0.0.1:${port} HTTP/1.1`, host, key])).not.toMatch(/ [12]\d\d /);
  });

  it('listens on loopback only', async () => {
    const { port } = await start();
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, scopeid }) => !internal && !scopeid);
    for (const { address } of outside) await expect(canConnect(address, port)).resolves.toBe(false);
    if (existsSync('/proc/net/tcp')) expect(listeningAddresses(port)).toEqual(['0100007F']);
  });
});

describe('a refusal', () => {
  it('is an error that an AWS SDK can name', async () => {
    const sqs = makeSqsClient((await startSqs()).url, 'wrong');
    const dynamodb = makeDynamodbClient((await startDynamodb()).url, 'wrong');
    const expected = {
      name: 'UnrecognizedClientException',
      message: expect.stringMatching(/millrace env/) as string,
    };
    await expect(sqs.send(new ListQueuesCommand({}))).rejects.toMatchObject(expected);
    await expect(dynamodb.send(new ListTablesCommand({}))).rejects.toMatchObject(expected);
  });

  it('is problem JSON on the API port, with a challenge only where the key is all that is missing', async () => {
    const { url } = await startApi();
    const missing = await post(url, {});
    expect(missing.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'www-authenticate': 'Basic realm="millrace"',
    });
    expect(JSON.parse(missing.body)).toMatchObject({ status: 401, code: 'unauthorized' });
    const foreign = await post(url, { origin: 'http://evil.example' });
    expect(foreign.headers['www-authenticate']).toBeUndefined();
    expect(JSON.parse(foreign.body)).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

function canConnect(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port, timeout: 2_000 });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  socket.once('timeout', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** The local addresses, in the kernel's hexadecimal, that listen on a port, on IPv4 and IPv6. */
function listeningAddresses(port: number): string[] {
  const LISTEN = '0A';
  const rows = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .flatMap((path) => readFileSync(path, 'utf8').trim().split('\n').slice(1));
  return rows
    .map((row) => row.trim().split(/\s+/))
    .map(([, local = '', , state]) => ({ at: local.split(':'), state }))
    .filter(({ at, state }) => state === LISTEN && Number.parseInt(at[1] ?? '', 16) === port)
    .map(({ at }) => at[0] ?? '');
}
