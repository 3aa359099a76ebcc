import { deflateRawSync } from 'node:zlib';
import { makeApi, type ApiDeps } from '../../src/api/app.ts';
import type { Claimant } from '../../src/core/claimant.ts';
import type { Ports } from '../../src/core/ports.ts';
import { queueDefinitionSchema, type QueueDefinition } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { settleGraceMs } from '../../src/core/limits.ts';
import { interceptPorts, type Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryInspector } from '../fakes/memory-inspector.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import type { MemoryState } from '../fakes/memory-state.ts';

export const DEFAULT = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 3 });
export const PIPED = queueDefinitionSchema.parse({
  name: 'piped',
  leaseSeconds: 60,
  maxAttempts: 3,
  program: ['/usr/local/bin/process-message', '/tmp'],
});

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface ApiUnderTest {
  readonly app: ReturnType<typeof makeApi>;
  readonly ports: Ports;
  readonly state: MemoryState;
  /** How long each pause was, in ms. */
  readonly pauses: number[];
  /** Called in each pause, after the clock has moved. */
  whilePaused: () => Promise<void> | void;
  worker(definition?: QueueDefinition): Claimant;
  request<Body = Record<string, unknown>>(path: string, init?: RequestInit): Promise<Answer<Body>>;
  post<Body = Record<string, unknown>>(
    path: string,
    contentType: string,
    body: string | Uint8Array,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
}

/** An API over ports in memory; its pauses move their clock. */
export function makeApiUnderTest(
  more: { intercept?: Intercept; health?: Record<string, string> } & Pick<
    ApiDeps,
    'waker' | 'startWorkers'
  > = {},
): ApiUnderTest {
  const { ports: plain, state } = makeMemoryPorts([DEFAULT, PIPED]);
  const ports = more.intercept ? interceptPorts(plain, more.intercept) : plain;
  const settlers = new Map<string, Settler>();
  const settlerOf = ({ name, leaseSeconds }: QueueDefinition): Settler => {
    const settler = settlers.get(name) ?? new Settler(ports, name, settleGraceMs(leaseSeconds * 1000));
    settlers.set(name, settler);
    return settler;
  };
  const pauses: number[] = [];
  const deps: ApiDeps = {
    ports,
    inspector: makeMemoryInspector(ports, state).inspector,
    settlerOf,
    sleep: async (ms) => {
      pauses.push(ms);
      state.now += ms;
      await under.whilePaused();
    },
    compressedBytes: (text) => deflateRawSync(text).length,
    health: async () => more.health ?? { dynamodb: 'ok', sqs: 'ok' },
    version: '1.2.3',
    ...(more.waker && { waker: more.waker }),
    ...(more.startWorkers && { startWorkers: more.startWorkers }),
  };
  const app = makeApi(deps);
  const request = async <Body>(path: string, init?: RequestInit): Promise<Answer<Body>> => {
    const response = await app.request(path, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? undefined : JSON.parse(text)) as Body,
    };
  };
  const under: ApiUnderTest = {
    app,
    ports,
    state,
    pauses,
    whilePaused: () => {},
    worker: (definition = DEFAULT) => ({
      ports: plain,
      definition,
      worker: 'worker-1',
      settler: new Settler(plain, definition.name, settleGraceMs(definition.leaseSeconds * 1000)),
    }),
    request,
    post: (path, contentType, body, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': contentType, ...headers },
        body: body as string,
      }),
  };
  return under;
}
