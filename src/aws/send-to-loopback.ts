import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A request to a name under `localhost`. */
export interface LoopbackRequest {
  readonly method: string;
  readonly url: URL;
  /** With `host`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Names under `localhost` are the loopback address (RFC 6761, 6.3), but not every resolver knows it. */
export function isLocalhostName(hostname: string): boolean {
  return hostname.endsWith('.localhost');
}

/**
 * Sends it to 127.0.0.1, whatever the resolver says of the name, and keeps the name as its Host: an emulator of
 * API Gateway tells its APIs apart by it. `fetch` can do neither.
 */
export async function sendToLoopback({
  method,
  url,
  headers,
  body,
  signal,
}: LoopbackRequest): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const sending = request(
    {
      method,
      host: '127.0.0.1',
      port: url.port || 80,
      path: `${url.pathname}${url.search}`,
      headers,
      signal,
    },
    (incoming) => {
      buffer(incoming).then((bytes) => {
        const status = incoming.statusCode ?? 502;
        const hasBody = ![204, 205, 304].includes(status); // a Response of these takes none
        resolve(
          new Response(hasBody ? new Uint8Array(bytes) : null, {
            status,
            headers: toHeaders(incoming.headers),
          }),
        );
      }, reject);
    },
  );
  sending.on('error', reject);
  sending.end(body);
  return promise;
}

function toHeaders(headers: NodeJS.Dict<string | string[]>): Headers {
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) given.append(name, one);
  }
  return given;
}
