import { Sha256 } from '@aws-crypto/sha256-js';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AwsError, DYNAMODB, makeJsonService, SQS, type JsonService } from '../../src/aws/json-service.ts';
import { sdkCaller } from '../../src/aws/sdk-caller.ts';
import { ScriptedServer, type Received, type Script } from '../client/scripted-server.ts';

const CREDENTIALS = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'a+token/==' };
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(script: Script, timeoutMs = 5000, maxAttempts = 3) {
  const server = await ScriptedServer.start(script);
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    maxAttempts,
  });
  const service: JsonService = makeJsonService(sdkCaller(client, 'dynamodb'), DYNAMODB, timeoutMs);
  closers.push(
    () => server.stop(),
    () => service.close(),
  );
  return { server, service };
}

/** The signature that the SDK's own signer would have put on this very request. */
async function signatureOf({ headers, body }: Received): Promise<string> {
  const signer = new SignatureV4({
    service: 'dynamodb',
    region: 'eu-west-1',
    credentials: CREDENTIALS,
    sha256: Sha256,
    applyChecksum: false,
  });
  const [, , list = ''] = /SignedHeaders=(([^,]+))/.exec(headers.authorization ?? '') ?? [];
  const names = list.split(';').filter((name) => name !== 'x-amz-security-token' && name !== 'x-amz-date');
  const { headers: signed } = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      path: '/',
      headers: Object.fromEntries(names.map((name) => [name, String(headers[name])])),
      body,
    },
    { signingDate: new Date(secondsOf(headers['x-amz-date']) * 1000) },
  );
  return signed['authorization'] ?? '';
}

/** `20260301T093000Z` → s since the epoch */
function secondsOf(date: unknown): number {
  const iso = String(date).replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z');
  return Date.parse(iso) / 1000;
}

const throttled = { status: 400, json: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' } };

describe('a request without the SDK’s layers', () => {
  test('is signed as the SDK signs', async () => {
    const { server, service } = await serve(() => ({ json: { Attributes: { a: { S: 'ü' } } } }));
    expect(await service.call('UpdateItem', { TableName: 'tâble', Key: { pk: { S: 'x' } } })).toEqual({
      Attributes: { a: { S: 'ü' } },
    });
    const [request] = server.received;
    if (!request) throw new Error('nothing came');
    expect(request.headers).toMatchObject({
      'x-amz-target': 'DynamoDB_20120810.UpdateItem',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': CREDENTIALS.sessionToken,
    });
    expect(request.headers.authorization).toBe(await signatureOf(request));
  });

  test('goes where the SDK’s client would have sent it', async () => {
    const { server, service } = await serve(() => ({ json: {} }));
    await service.call('GetItem', {});
    expect([server.received[0]?.method, server.received[0]?.target]).toEqual(['POST', '/']);
    // As for whoever names the endpoint in the environment alone.
    vi.stubEnv('AWS_ENDPOINT_URL_SQS', `http://127.0.0.1:${server.port}`);
    closers.push(() => void vi.unstubAllEnvs());
    const other = makeJsonService(
      sdkCaller(new SQSClient({ region: 'eu-west-1', credentials: CREDENTIALS }), 'sqs'),
      SQS,
      5000,
    );
    closers.push(() => other.close());
    await other.call('ReceiveMessage', {});
    expect(server.received[1]?.headers['x-amz-target']).toBe('AmazonSQS.ReceiveMessage');
  });

  test('that is refused says why, with all that the service told, and is not repeated', async () => {
    const { server, service } = await serve(() => ({
      status: 400,
      json: {
        __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
        message: 'The conditional request failed',
        Item: { pk: { S: 'x' } },
      },
    }));
    const error: unknown = await service.call('UpdateItem', {}).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AwsError);
    expect(error).toMatchObject({
      name: 'ConditionalCheckFailedException',
      message: 'The conditional request failed',
      body: { Item: { pk: { S: 'x' } } },
      $metadata: { httpStatusCode: 400 },
    });
    expect(server.received).toHaveLength(1);
  });

  test.each([
    ['throttled', throttled],
    ['met by a fault of the server', { status: 500, text: 'oops' }],
    ['cut off', 'cut'],
    ['dropped', 'drop'],
  ] as const)('that is %s is sent again', async (_what, reply) => {
    const { server, service } = await serve((_, nth) => (nth < 3 ? reply : { json: { done: true } }));
    expect(await service.call('UpdateItem', { a: 1 })).toEqual({ done: true });
    expect(server.received.map(({ body }) => body.toString())).toEqual(Array(3).fill('{"a":1}'));
  });

  test('is given up after so many tries, with the last error', async () => {
    const { server, service } = await serve(() => throttled);
    await expect(service.call('UpdateItem', {})).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(server.received).toHaveLength(3);
  });

  test('without an answer ends in time', async () => {
    const { service } = await serve(() => 'silence', 100, 1);
    await expect(service.call('UpdateItem', {})).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('ends with its signal, and is not sent again', async () => {
    const stop = new AbortController();
    const { server, service } = await serve(() => {
      stop.abort();
      return 'silence';
    });
    await expect(service.call('ReceiveMessage', {}, { signal: stop.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(server.received).toHaveLength(1);
  });

  test('of a machine whose clock is wrong is signed for the server’s time at the next try', async () => {
    const { server, service } = await serve((_, nth) =>
      nth === 1 ? { status: 400, json: { __type: 'x#InvalidSignatureException' } } : { json: {} },
    );
    const realNow = Date.now;
    Date.now = () => realNow() - 3_600_000;
    closers.push(() => {
      Date.now = realNow;
    });
    await service.call('UpdateItem', {});
    const [first = 0, second = 0] = server.received.map(({ headers }) => secondsOf(headers['x-amz-date']));
    expect(second - first).toBeGreaterThan(3500);
    expect(second - first).toBeLessThan(3700);
  });
});
