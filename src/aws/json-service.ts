import { setTimeout as sleep } from 'node:timers/promises';
import type { AwsCaller } from './aws-caller.ts';
import type { CallLedger } from './call-ledger.ts';
import { makeSignedPost, TimeoutError, type PostAnswer } from './signed-post.ts';

/**
 * One of AWS's services that speak JSON, without the SDK's layers: they cost more CPU than what is done with their
 * answers, and take longer to load than all of ours.
 */
export interface JsonService {
  /** @throws AwsError, or the network's own errors, after the tries that the caller's `maxAttempts` allow */
  call<Output>(operation: string, input: object, options?: CallOptions): Promise<Output>;
  close(): void;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Instead of the service's own. */
  readonly timeoutMs?: number;
}

interface Protocol {
  /** As the signature names it. */
  readonly service: string;
  /** Before the operation, in `X-Amz-Target`. */
  readonly target: string;
}

export const DYNAMODB: Protocol = { service: 'dynamodb', target: 'DynamoDB_20120810' };
export const SQS: Protocol = { service: 'sqs', target: 'AmazonSQS' };

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

const CONTENT_TYPE = 'application/x-amz-json-1.0';
const RETRY_BASE_MS = 50;
export const NOT_IMPLEMENTED = 501;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown/;
const SKEWED = /RequestTimeTooSkewed|RequestExpired|InvalidSignature|SignatureDoesNotMatch/;

/**
 * @param timeoutMs without an answer for so long, a try is given up
 * @param calls counts each try
 */
export function makeJsonService(
  caller: AwsCaller,
  { service, target }: Protocol,
  timeoutMs: number,
  calls?: CallLedger,
): JsonService {
  const post = makeSignedPost(caller, service);

  const tryOnce = async (operation: string, body: string, options: CallOptions): Promise<unknown> => {
    calls?.asked(operation);
    const answer = await post.send({
      path: '/',
      headers: { 'Content-Type': CONTENT_TYPE, 'X-Amz-Target': `${target}.${operation}` },
      body,
      timeoutMs: options.timeoutMs ?? timeoutMs,
      signal: options.signal,
    });
    if (answer.status === 200) return answer.text === '' ? {} : JSON.parse(answer.text);
    const error = toError(answer);
    if (SKEWED.test(error.name)) post.correctClock(answer);
    throw error;
  };

  return {
    async call<Output>(operation: string, input: object, options: CallOptions = {}): Promise<Output> {
      const body = JSON.stringify(input);
      const tries = await caller.maxAttempts();
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await tryOnce(operation, body, options)) as Output;
        } catch (error) {
          if (attempt >= tries || options.signal?.aborted || !isTransient(error)) throw error;
          await sleep(Math.random() * RETRY_BASE_MS * 2 ** attempt);
        }
      }
    },
    close: () => post.close(),
  };
}

function toError({ status, text }: PostAnswer): AwsError {
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { message: text.slice(0, 200) };
  }
  // `com.amazonaws.dynamodb.v20120810#Name`; SQS has the older name of the query protocol in a header.
  const type = typeof body['__type'] === 'string' ? body['__type'] : 'UnknownError';
  return new AwsError(type.slice(type.lastIndexOf('#') + 1), status, body);
}

/** Whether the same request may fare better: throttled, a fault of the server or of the network. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof AwsError)) return (error as Error).name !== 'AbortError' && isNetworkError(error);
  const { httpStatusCode: status } = error.$metadata;
  return (
    (status >= 500 && status !== NOT_IMPLEMENTED) || THROTTLED.test(error.name) || SKEWED.test(error.name)
  );
}

function isNetworkError(error: unknown): boolean {
  return error instanceof TimeoutError || typeof (error as { code?: unknown }).code === 'string';
}
