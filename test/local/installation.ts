import { createAdaptorServer } from '@hono/node-server';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { onTestFinished } from 'vitest';
import { makeApi } from '../../src/api/app.ts';
import { makeHealth } from '../../src/api/health.ts';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { makeInspector } from '../../src/aws/inspect.ts';
import { DEFAULT_TABLE_NAME, makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import { queueDefinitionSchema, type QueueDefinition } from '../../src/core/queue-definition.ts';
import { makeSettlers } from '../../src/core/settlers.ts';
import { ensureQueue } from '../../src/local/manage-queues.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { KEY, startDynamodb, startSqs } from './embedded-servers.ts';

/**
 * SQS, DynamoDB and the API as in a local stack, on loopback, and nothing that tidies up: what a test spoils stays
 * so. All of it ends with the test.
 */
export async function startInstallation(queues: readonly string[], version: string) {
  const [sqs, dynamodb] = [await startSqs(), await startDynamodb()];
  const clients = makeAwsClients({ sqs: sqs.url, dynamodb: dynamodb.url, region: 'us-east-1', key: KEY });
  onTestFinished(() => clients.close());
  await provisionTable(clients, DEFAULT_TABLE_NAME);
  const ports = makeAwsPorts(clients, DEFAULT_TABLE_NAME, makeMemoryPorts().ports.log);
  const definitions: Record<string, QueueDefinition> = {};
  const urls: Record<string, string> = {};
  for (const name of queues) {
    const definition = queueDefinitionSchema.parse({ name, leaseSeconds: 30 });
    definitions[name] = definition;
    const table = { json: clients.dynamodbJson, calls: clients.calls, name: DEFAULT_TABLE_NAME };
    urls[name] = await ensureQueue(clients, table, definition);
  }
  const settlerOf = makeSettlers(ports);
  const app = makeApi({
    ports,
    inspector: makeInspector(clients, DEFAULT_TABLE_NAME),
    settlerOf,
    sleep: async () => {},
    compressedBytes: (text) => text.length,
    health: makeHealth(ports),
    version,
  });
  /** How far the Date header of the API's answers is off, in ms. */
  const clock = { offMs: 0 };
  /** Requests that somebody may not send, as a gateway before the API refuses them. */
  const rights = { isDenied: (_request: Request): boolean => false };
  const server = createAdaptorServer({
    fetch: async (request: Request) => {
      if (rights.isDenied(request)) return new Response('{"message":"Forbidden"}', { status: 403 });
      const response = await app.fetch(request);
      response.headers.set('date', new Date(Date.now() + clock.offMs).toUTCString());
      return response;
    },
  }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  onTestFinished(() => server.closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { clients, ports, definitions, urls, settlerOf, clock, rights, url };
}

export type Installation = Awaited<ReturnType<typeof startInstallation>>;
