import { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import type { Ports } from '../core/ports.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import type { Settler } from '../core/settle.ts';

/** All that the API needs of the place where it runs. */
export interface ApiDeps {
  readonly ports: Ports;
  /** The settler of this process for a queue: always the same one for the same queue. */
  settlerOf(definition: QueueDefinition): Settler;
  /** Resolves after so long, or as soon as the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** How many bytes the chunk store needs for a text of this kind, compressed. */
  compressedBytes(text: string): number;
  /** What the API depends on: `ok`, or what is wrong with it. */
  health(): Promise<Readonly<Record<string, string>>>;
  /** Of the package, for the OpenAPI document and `/healthz`. */
  readonly version: string;
}

/** The HTTP interface of Millrace over ports; it knows nothing of where it runs. */
export function makeApi(deps: ApiDeps): Hono {
  const app = new OpenAPIHono();
  app.get('/healthz', async (c) => c.json({ version: deps.version, checks: await deps.health() }));
  return app;
}
