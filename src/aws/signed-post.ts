import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AwsCaller } from './aws-caller.ts';
import { makePostSigner } from './sign-post.ts';

export interface PostRequest {
  /** Of the URL, encoded. */
  readonly path: string;
  /** Beyond host, date and signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Requests to one of AWS's services, signed, over kept connections, and without the SDK's layers. */
export interface SignedPost {
  /** One try. @throws the network's own errors, `TimeoutError`, `AbortError` */
  send(request: PostRequest): Promise<PostAnswer>;
  /** A time that differs by minutes makes every signature invalid: an answer tells by how much. */
  correctClock(answer: Pick<PostAnswer, 'headers'>): void;
  close(): void;
}

const MAX_SOCKETS = 64;

/** @param service as its signatures name it */
export function makeSignedPost(caller: AwsCaller, service: string): SignedPost {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  };
  const sign = makePostSigner(service);
  let place: Promise<Place> | undefined;
  let clockOffsetMs = 0;

  return {
    async send({ path, headers: given, body, timeoutMs, signal }) {
      const { url, region } = await (place ??= findPlace(caller).catch((error: unknown) => {
        place = undefined;
        throw error;
      }));
      const headers = sign(
        { region, host: url.host, path, headers: given, body, at: Date.now() + clockOffsetMs },
        await caller.credentials(),
      );
      const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
      const isTls = url.protocol === 'https:';
      const sending = (isTls ? httpsRequest : httpRequest)(
        {
          method: 'POST',
          host: url.hostname,
          port: url.port || (isTls ? 443 : 80),
          path,
          headers,
          agent: isTls ? agents['https:'] : agents['http:'],
          timeout: timeoutMs,
          signal,
        },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (part: string) => (text += part));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
          answer.on('error', reject);
        },
      );
      sending.on('error', reject);
      sending.on('timeout', () => sending.destroy(new TimeoutError(service, timeoutMs)));
      sending.end(body);
      return promise;
    },
    correctClock({ headers }) {
      const theirs = Date.parse(headers.date ?? '');
      if (!Number.isNaN(theirs)) clockOffsetMs = theirs - Date.now();
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}

interface Place {
  readonly url: URL;
  readonly region: string;
}

async function findPlace({ endpoint, region }: AwsCaller): Promise<Place> {
  return { region: await region(), url: await endpoint() };
}

/** No answer in time: the request may have taken effect, or may yet. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  constructor(service: string, timeoutMs: number) {
    super(`${service} did not answer within ${timeoutMs} ms`);
  }
}
