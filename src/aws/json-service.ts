import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { getEndpointFromInstructions } from '@smithy/core/endpoints';
import aws4 from 'aws4';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallLedger } from './call-ledger.ts';

/**
 * One of AWS's services that speak JSON, without the SDK's layers: the requests that every task costs spend most of
 * a worker's CPU there. Region, endpoint and credentials are the SDK client's own.
 */
export interface JsonService {
  /** @throws AwsError, or the network's own errors, after the tries that the client's `maxAttempts` allow */
  call<Output>(operation: string, input: object, options?: CallOptions): Promise<Output>;
  close(): void;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Instead of the service's own. */
  readonly timeoutMs?: number;
}

/** What is taken of a client of the SDK. */
export interface SdkClient {
  readonly config: {
    readonly region: () => Promise<string>;
    readonly credentials: () => Promise<aws4.Credentials>;
    readonly maxAttempts: () => Promise<number>;
  };
}

interface Protocol {
  /** As the signature names it. */
  readonly service: string;
  /** Before the operation, in `X-Amz-Target`. */
  readonly target: string;
  /** Tells the SDK how endpoints of the service are found. */
  readonly anyCommand: Parameters<typeof getEndpointFromInstructions>[1];
}

export const DYNAMODB: Protocol = {
  service: 'dynamodb',
  target: 'DynamoDB_20120810',
  anyCommand: ListTablesCommand,
};
export const SQS: Protocol = { service: 'sqs', target: 'AmazonSQS', anyCommand: ListQueuesCommand };

/** An error as the service names it; `body` is the rest of what it said. */
export class AwsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number };
  readonly body: Readonly<Record<string, unknown>>;

  constructor(name: string, status: number, body: Readonly<Record<string, unknown>>) {
    const said = body['message'] ?? body['Message'];
    super(typeof said === 'string' ? said : name);
    this.name = name;
    this.$metadata = { httpStatusCode: status };
    this.body = body;
  }
}

const MAX_SOCKETS = 64;
const CONTENT_TYPE = 'application/x-amz-json-1.0';
const RETRY_BASE_MS = 50;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown/;
const SKEWED = /RequestTimeTooSkewed|RequestExpired|InvalidSignature|SignatureDoesNotMatch/;

/**
 * @param client tells region, endpoint and credentials; nothing is sent by it
 * @param timeoutMs without an answer for so long, a try is given up
 * @param calls counts each try
 */
export function makeJsonService(
  client: SdkClient,
  protocol: Protocol,
  timeoutMs: number,
  calls?: CallLedger,
): JsonService {
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: MAX_SOCKETS }),
  };
  let place: Promise<Place> | undefined;
  let clockOffsetMs = 0;

  const tryOnce = async (operation: string, body: string, options: CallOptions): Promise<unknown> => {
    const { url, region } = await (place ??= findPlace(client, protocol).catch((error: unknown) => {
      place = undefined;
      throw error;
    }));
    const credentials = await client.config.credentials();
    const { headers } = aws4.sign(
      {
        service: protocol.service,
        region,
        method: 'POST',
        path: '/',
        body,
        headers: {
          Host: url.host,
          'Content-Type': CONTENT_TYPE,
          'X-Amz-Target': `${protocol.target}.${operation}`,
          'X-Amz-Date': amzDate(Date.now() + clockOffsetMs),
        },
      },
      credentials,
    );
    calls?.asked(operation);
    const { promise, resolve, reject } = Promise.withResolvers<{ answer: IncomingMessage; text: string }>();
    const isTls = url.protocol === 'https:';
    const sending = (isTls ? httpsRequest : httpRequest)(
      {
        method: 'POST',
        host: url.hostname,
        port: url.port || (isTls ? 443 : 80),
        path: '/',
        headers: headers as Record<string, string>,
        agent: isTls ? agents['https:'] : agents['http:'],
        timeout: options.timeoutMs ?? timeoutMs,
        signal: options.signal,
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ answer, text }));
        answer.on('error', reject);
      },
    );
    sending.on('error', reject);
    sending.on('timeout', () => sending.destroy(new TimeoutError(protocol.service, operation)));
    sending.end(body);
    const { answer, text } = await promise;
    if (answer.statusCode === 200) return text === '' ? {} : JSON.parse(text);
    const error = toError(answer, text);
    if (SKEWED.test(error.name)) clockOffsetMs = offsetOf(answer, clockOffsetMs);
    throw error;
  };

  return {
    async call<Output>(operation: string, input: object, options: CallOptions = {}): Promise<Output> {
      const body = JSON.stringify(input);
      const tries = await client.config.maxAttempts();
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await tryOnce(operation, body, options)) as Output;
        } catch (error) {
          if (attempt >= tries || options.signal?.aborted || !isTransient(error)) throw error;
          await sleep(Math.random() * RETRY_BASE_MS * 2 ** attempt);
        }
      }
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

/** Where the SDK itself would send it: by the client's settings, the environment, a profile, or the region. */
async function findPlace({ config }: SdkClient, { anyCommand }: Protocol): Promise<Place> {
  const { url } = await getEndpointFromInstructions({}, anyCommand, config as never);
  return { region: await config.region(), url };
}

/** No answer in time: the request may have taken effect, or may yet. */
class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  constructor(service: string, operation: string) {
    super(`${service} did not answer ${operation} in time`);
  }
}

function toError(answer: IncomingMessage, text: string): AwsError {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { message: text.slice(0, 200) };
  }
  // `com.amazonaws.dynamodb.v20120810#Name`; SQS has the older name of the query protocol in a header.
  const type = typeof body['__type'] === 'string' ? body['__type'] : 'UnknownError';
  return new AwsError(type.slice(type.lastIndexOf('#') + 1), answer.statusCode ?? 0, body);
}

/** A time that differs by minutes makes every signature invalid: the server's own tells by how much. */
function offsetOf(answer: IncomingMessage, before: number): number {
  const theirs = Date.parse(answer.headers.date ?? '');
  return Number.isNaN(theirs) ? before : theirs - Date.now();
}

/** Whether the same request may fare better: throttled, a fault of the server or of the network. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof AwsError)) return (error as Error).name !== 'AbortError' && isNetworkError(error);
  return error.$metadata.httpStatusCode >= 500 || THROTTLED.test(error.name) || SKEWED.test(error.name);
}

function isNetworkError(error: unknown): boolean {
  return error instanceof TimeoutError || typeof (error as { code?: unknown }).code === 'string';
}

/** `20260301T093000Z` */
function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
