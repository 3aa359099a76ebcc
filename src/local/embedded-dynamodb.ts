import type { IncomingMessage, ServerResponse } from 'node:http';
import { ANY_PORT, listenOnLoopback, type PortWish } from './choose-port.ts';
import { makeDynalite } from './dynalite-internals.ts';
import { answerStatements, isForStatements } from './answer-statements.ts';
import { mendTables } from './dynalite-tables.ts';
import { closeServer, startGuardedServer, type RunningServer } from './guarded-server.ts';

/** How to start DynamoDB on this machine. */
export interface EmbeddedDynamodbOptions {
  readonly port: PortWish;
  /** The folder of the LevelDB, made if absent and used by nothing else; null keeps all in memory. */
  readonly dataDir: string | null;
  /** The one access key id that is let in. */
  readonly key: string;
}

/** Real tables take seconds to appear; here only as long as it takes to answer first. */
const TABLE_CHANGE_MS = 1;

/** What was begun before the stop ends in ms; it is waited for no longer than this. */
const IDLE_MS = 5_000;

/**
 * Starts DynamoDB (dynalite) on loopback behind the guard. With a `dataDir`, whatever was acknowledged outlives
 * a `kill -9`. It has no transactions, streams or TTL, of PartiQL only what workers use, and its exceptions carry no `Item`.
 * @throws Error when an explicit port, or the data, is in another process's hands.
 */
export async function startEmbeddedDynamodb(options: EmbeddedDynamodbOptions): Promise<RunningServer> {
  const { dataDir, port, key } = options;
  if (dataDir !== null) await mendTables(dataDir);
  const { server, store } = makeDynalite({
    ...(dataDir === null ? {} : { path: dataDir }),
    createTableMs: TABLE_CHANGE_MS,
    deleteTableMs: TABLE_CHANGE_MS,
    updateTableMs: TABLE_CHANGE_MS,
  });
  const { track, idle } = trackRequests();
  const statements = answerStatements(store);
  const [handle] = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request').on('request', (request: IncomingMessage, response: ServerResponse) => {
    track(request, response);
    if (isForStatements(request)) return statements(request, response);
    handle?.call(server, request, response);
    // dynalite throws what goes wrong with a request's stream: a client killed while sending would end us too.
    request.removeAllListeners('error').on('error', () => response.destroy());
  });
  try {
    const running = await startGuardedServer({
      server,
      port,
      key,
      scheme: 'sigv4',
      stop: async () => {
        await idle();
        await closeServer(server);
      },
    });
    await waitUntilOpen(running.url, key);
    return running;
  } catch (error) {
    // Its close lets go of the database only if it was listening.
    if (!server.listening) await listenOnLoopback(server, ANY_PORT);
    await closeServer(server);
    throw error;
  }
}

/**
 * dynalite goes on with a request whose client has gone, and throws, which ends the process, when its database is
 * closed meanwhile: `idle` resolves when it has answered all it had begun, to whomever.
 */
function trackRequests() {
  const open = new Set<ServerResponse>();
  let onIdle = (): void => {};
  const done = (response: ServerResponse): void => {
    open.delete(response);
    if (open.size === 0) onIdle();
  };
  return {
    track: (request: IncomingMessage, response: ServerResponse): void => {
      open.add(response);
      const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
      response.end = (...args: unknown[]) => {
        done(response);
        return end(...args);
      };
      // Of a request that never came in whole, nothing was begun.
      request.once('close', () => request.complete || done(response));
    },
    idle: async (): Promise<void> => {
      if (open.size === 0) return;
      await new Promise<void>((resolve) => {
        onIdle = resolve;
        setTimeout(resolve, IDLE_MS).unref(); // one that never ends must not keep the stack from stopping
      });
    },
  };
}

/** dynalite opens its database in the background; the lock on it is only ours once a request was answered. */
async function waitUntilOpen(url: string, key: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${key}/local, SignedHeaders=host, Signature=unchecked`,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': '20260101T000000Z',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    },
    body: '{}',
  });
  const answer = await response.text();
  if (!response.ok)
    throw new Error(`Expected dynalite to list its tables, got ${response.status}: ${answer}`);
}
