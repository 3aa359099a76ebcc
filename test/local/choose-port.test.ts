import { createServer, type Server } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { ANY_PORT, listenOnLoopback } from '../../src/local/choose-port.ts';

function makeServer(): Server {
  const server = createServer();
  onTestFinished(() => void server.close());
  return server;
}

it('takes any free port', async () => {
  const server = makeServer();
  const port = await listenOnLoopback(server, ANY_PORT);
  expect(server.address()).toMatchObject({ address: '127.0.0.1', port });
});

it('takes the preferred port if it is free, else another', async () => {
  const first = makeServer();
  const port = await listenOnLoopback(first, ANY_PORT);
  first.close();
  expect(await listenOnLoopback(makeServer(), { preferred: port })).toBe(port);
  const other = await listenOnLoopback(makeServer(), { preferred: port });
  expect(other).toBeGreaterThan(0);
  expect(other).not.toBe(port);
});

it('takes no other than an explicit port, and says what to change', async () => {
  const port = await listenOnLoopback(makeServer(), ANY_PORT);
  const taken = listenOnLoopback(makeServer(), { explicit: port, setBy: '--port' });
  await expect(taken).rejects.toThrow(
    `Expected port ${port} on 127.0.0.1 (--port) to be free, but another process listens there: ` +
      'end that process, give --port another port, or leave --port away to get a free one.',
  );
});

it('gives each of many that start at once a port of its own', async () => {
  const preferred = await listenOnLoopback(makeServer(), ANY_PORT);
  const ports = await Promise.all(
    Array.from({ length: 8 }, () => listenOnLoopback(makeServer(), { preferred })),
  );
  expect(new Set([...ports, preferred]).size).toBe(9);
});

it('passes on an error that is not about the port being taken', async () => {
  await expect(listenOnLoopback(makeServer(), { preferred: 70_000 })).rejects.toThrow(/65536/);
});
