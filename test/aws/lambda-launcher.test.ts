import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { functionCaller } from '../../src/aws/function-services.ts';
import { makeInvoker, makeLambdaWaker, orderWorkers } from '../../src/aws/lambda-launcher.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { startSilentServer } from '../support/silent-server.ts';

interface Call {
  readonly path: string;
  readonly type: string | undefined;
  readonly event: unknown;
}
interface Answer {
  readonly status?: number;
  readonly error?: string;
  readonly body?: unknown;
}

/** A Lambda that answers as it is told. */
async function startLambda(answer: () => Answer = () => ({ status: 202 })) {
  const calls: Call[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const piece of request) text += String(piece);
    const type = request.headers['x-amz-invocation-type'];
    calls.push({
      path: request.url ?? '',
      type: type === undefined ? undefined : String(type),
      event: JSON.parse(text),
    });
    const { status = 200, error, body } = answer();
    response.writeHead(status, error === undefined ? {} : { 'x-amz-function-error': error });
    response.end(body === undefined ? '' : JSON.stringify(body));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const lambda = invokerAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 5000);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { lambda, calls };
}

function invokerAt(url: string, timeoutMs: number) {
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
    AWS_ENDPOINT_URL_LAMBDA: url,
  };
  const lambda = makeInvoker(functionCaller(env, 'lambda'), timeoutMs);
  onTestFinished(() => lambda.close());
  return lambda;
}

describe('waking the launcher', () => {
  it('invokes its function without waiting for it, at most once a second for a queue', async () => {
    const { lambda, calls } = await startLambda();
    let now = 0;
    const waker = makeLambdaWaker(lambda, 'mill-launcher', makeMemoryPorts().ports.log, () => now);
    await Promise.all([waker.wake('a', 1), waker.wake('a', 1), waker.wake('b', 1000)]);
    now = 999;
    await waker.wake('a', 1);
    now = 1000;
    await waker.wake('a', 7);
    expect(calls.map(({ event }) => event)).toEqual([
      { queue: 'a', sent: 1 },
      { queue: 'b', sent: 1000 },
      { queue: 'a', sent: 7 },
    ]);
    expect(calls[0]).toMatchObject({
      path: '/2015-03-31/functions/mill-launcher/invocations',
      type: 'Event',
    });
  });

  it('logs a failure, and tries again the next time', async () => {
    const { lambda, calls } = await startLambda(() => ({ status: 403, body: { message: 'no' } }));
    const { ports, state } = makeMemoryPorts();
    const waker = makeLambdaWaker(lambda, 'mill-launcher', ports.log, () => 0);
    await waker.wake('a', 1);
    await waker.wake('a', 1);
    expect(calls).toHaveLength(2);
    expect(state.log.map(({ level }) => level)).toEqual(['warn', 'warn']);
  });
});

describe('ordering workers', () => {
  const order = { count: 2, mode: 'until-empty', key: 'k' } as const;

  it('waits for the answer of the launcher', async () => {
    const result = { queue: 'a', started: 2, failures: [] };
    const { lambda, calls } = await startLambda(() => ({ body: { result } }));
    expect(await orderWorkers(lambda, 'mill-launcher', 'a', order)).toEqual(result);
    expect(calls[0]).toMatchObject({ event: { queue: 'a', sent: 0, order } });
    expect(calls[0]?.type).not.toBe('Event');
  });

  it('throws what the launcher refuses as the error that it is', async () => {
    const refused = { code: 'wrong_state', message: 'Queue a is paused.', hint: 'Resume it.' };
    const { lambda } = await startLambda(() => ({ body: { refused } }));
    await expect(orderWorkers(lambda, 'mill-launcher', 'a', order)).rejects.toMatchObject(refused);
  });

  it('says that the outcome is unknown when the launcher failed', async () => {
    const { lambda } = await startLambda(() => ({
      error: 'Unhandled',
      body: { errorMessage: 'Task timed out' },
    }));
    await expect(orderWorkers(lambda, 'mill-launcher', 'a', order)).rejects.toMatchObject({
      code: 'unavailable',
      got: expect.stringContaining('Task timed out') as string,
    });
  });
});

describe('a Lambda that does not answer', () => {
  it('is waited for no longer than told, and asked once', async () => {
    const { url, requests } = await startSilentServer();
    const lambda = invokerAt(url, 50);
    const order = { count: 1, mode: 'once', key: 'k' } as const;
    await expect(orderWorkers(lambda, 'mill-launcher', 'a', order)).rejects.toMatchObject({
      code: 'unavailable',
      got: expect.stringContaining('50 ms') as string,
    });
    expect(requests()).toBe(1);
    const { ports, state } = makeMemoryPorts();
    await makeLambdaWaker(lambda, 'mill-launcher', ports.log, () => 0).wake('a', 1);
    expect(state.log.map(({ level }) => level)).toEqual(['warn']);
  });
});
