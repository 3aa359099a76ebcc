import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { decideAccess, type GuardRules } from './guard.ts';
import { listenOnLoopback, LOOPBACK, type PortWish } from './choose-port.ts';

/** Requests get this long to end once `close` is called; then their connections are cut. */
const CLOSE_GRACE_MS = 2_000;

/** Above the SDK's and most agents' idle time, so that it is never the server who closes a reused connection. */
const KEEP_ALIVE_MS = 72_000;

/** A server of the local stack that is up. */
export interface RunningServer {
  /** Without key and without a slash at the end: `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly port: number;
  /** Lets requests end, cuts those that do not, frees the port and the data. Safe to call twice. */
  readonly close: () => Promise<void>;
}

/** A server to be put behind the guard. */
export interface GuardedServerOptions {
  /** Not yet listening; its `request` listeners are what is guarded. */
  readonly server: Server;
  readonly port: PortWish;
  readonly key: string;
  readonly scheme: GuardRules['scheme'];
  /** Ends the server when the default, `server.close()`, is not all; it must stop listening. */
  readonly stop?: () => Promise<void>;
}

/**
 * Puts the guard before everything a server does with a request, and makes it listen on loopback.
 * @throws Error when an explicit port cannot be had.
 */
export async function startGuardedServer(options: GuardedServerOptions): Promise<RunningServer> {
  const { server, key, scheme } = options;
  const stop = options.stop ?? (() => closeServer(server));
  const inner = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  // Without listeners for these, Node hands an upgrade to `request`, so to the guard, and refuses a CONNECT.
  for (const event of ['request', 'upgrade', 'connect']) server.removeAllListeners(event);

  let port = 0;
  let closed: Promise<void> | undefined;
  const open = new Set<ServerResponse>();
  const { promise: drained, resolve: onDrained } = Promise.withResolvers<void>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const verdict = decideAccess(
      { target: request.url ?? '', headers: request.headersDistinct },
      { port, key, scheme },
    );
    if (!verdict.ok) return refuse(response, scheme, verdict.status, verdict.reason);
    if (closed !== undefined) return refuse(response, scheme, 503, 'this stack is stopping');
    open.add(response);
    response.once('close', () => {
      open.delete(response);
      if (closed !== undefined && open.size === 0) onDrained();
    });
    for (const listener of inner) listener.call(server, request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  port = await listenOnLoopback(server, options.port);

  const cutWhenDrained = async (): Promise<void> => {
    if (open.size === 0) onDrained();
    const late = setTimeout(onDrained, CLOSE_GRACE_MS);
    await drained;
    clearTimeout(late);
    server.closeAllConnections();
  };
  const end = async (): Promise<void> => void (await Promise.all([stop(), cutWhenDrained()]));
  return { url: `http://${LOOPBACK}:${port}`, port, close: () => (closed ??= end()) };
}

/** `server.close` as a promise; a server that no longer listens is as good as closed. */
export function closeServer(server: Server): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.close((error?: NodeJS.ErrnoException | null) =>
    error && error.code !== 'ERR_SERVER_NOT_RUNNING' ? reject(error) : resolve(),
  );
  return promise;
}

const TITLES = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const;
const CODES = { 401: 'unauthorized', 403: 'forbidden', 503: 'stopping' } as const;
/** The names that AWS gives such errors; an SDK turns `__type` into the error's name. */
const AWS_TYPES = {
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  503: 'ServiceUnavailable',
} as const;

/** Answers in the shape that the port's clients read: problem JSON (RFC 9457) or AWS JSON. */
function refuse(
  response: ServerResponse,
  scheme: GuardRules['scheme'],
  status: 401 | 403 | 503,
  reason: string,
): void {
  const [type, body] =
    scheme === 'basic'
      ? ['application/problem+json', { title: TITLES[status], status, code: CODES[status], detail: reason }]
      : ['application/x-amz-json-1.0', { __type: AWS_TYPES[status], message: reason }];
  // The challenge makes wget and the like send what stands in the URL; a foreign page's request got 403 before.
  const challenge =
    status === 401 && scheme === 'basic' ? { 'www-authenticate': 'Basic realm="millrace"' } : {};
  const ending = status === 503 ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...challenge, ...ending });
  response.end(JSON.stringify(body));
}
