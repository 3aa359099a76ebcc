import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A request as it came in. */
export interface Received {
  readonly method: string;
  /** Path and query as they came over the wire. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** `drop` closes the connection without an answer, `cut` in the middle of one, `silence` leaves it open. */
export type Reply =
  'drop' | 'cut' | 'silence' | { readonly status?: number; readonly json?: unknown; readonly text?: string };

export type Script = (request: Received, nth: number) => Reply | Promise<Reply>;

/** A real HTTP server that answers as the test says, and remembers what it was asked. */
export class ScriptedServer {
  readonly received: Received[] = [];
  readonly #server: Server;
  script: Script;

  private constructor(script: Script) {
    this.script = script;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(script: Script, port = 0): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://millrace:se%3Acret@127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const received = {
      method: request.method ?? '',
      target: request.url ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: await buffer(request),
    };
    this.received.push(received);
    const reply = await this.script(received, this.received.length);
    if (reply === 'silence') return;
    if (reply === 'drop') {
      request.socket.destroy();
    } else if (reply === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"id":', () => request.socket.destroy());
    } else {
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json' });
      response.end(reply.text ?? JSON.stringify(reply.json ?? {}));
    }
  }
}

/** A problem document as the API sends it. */
export function problem(status: number, code: string, more: Record<string, unknown> = {}): Reply {
  return {
    status,
    json: {
      type: 'about:blank',
      title: code,
      status,
      code,
      detail: `it is ${code}`,
      hint: 'do this',
      ...more,
    },
  };
}

/** A task as the API sends it. */
export function taskReply(id: string, state: string, more: Record<string, unknown> = {}): Reply {
  const createdAt = '2026-03-01T09:30:00.000Z';
  return {
    json: { id, queue: 'default', state, command: 'echo hi', attempt: 1, maxAttempts: 3, createdAt, ...more },
  };
}
