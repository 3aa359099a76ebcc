import { ERROR_CODES, MillraceError, type ErrorCode } from '../core/errors.ts';
import type { LaunchResult, WorkersRequest } from '../core/launch.ts';
import type { LaunchEvent } from '../core/launch-event.ts';
import type { Log, Waker } from '../core/ports.ts';
import type { AwsCaller } from './aws-caller.ts';
import { makeSignedPost, type PostAnswer } from './signed-post.ts';

/** A queue is woken no more often: ECS takes few requests, and a worker that is on its way finds what came after. */
const INTERVAL_MS = 1000;

/** What the launcher's function answers to an order. */
export type OrderAnswer =
  | { readonly result: LaunchResult }
  | { readonly refused: Pick<MillraceError, 'code' | 'message' | 'hint' | 'expected' | 'got'> };

/** Invokes functions: one try each, since a second would come after whoever waits for its answer has gone. */
export interface Invoker {
  /** @throws Error when Lambda did not take it, or did not answer in time */
  invoke(functionName: string, type: 'Event' | 'RequestResponse', event: LaunchEvent): Promise<PostAnswer>;
  close(): void;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export function makeInvoker(caller: AwsCaller, timeoutMs: number): Invoker {
  const post = makeSignedPost(caller, 'lambda');
  return {
    async invoke(functionName, type, event) {
      const answer = await post.send({
        path: `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
        headers: { 'Content-Type': 'application/json', 'X-Amz-Invocation-Type': type },
        body: JSON.stringify(event),
        timeoutMs,
      });
      const { status, headers, text } = answer;
      if (status === 200 || status === 202) return answer;
      // `TooManyRequestsException:http://internal.amazon.com/…`
      const [name] = String(headers['x-amzn-errortype'] ?? 'UnknownError').split(':');
      throw new Error(`Lambda answered ${status} ${name}: ${text.slice(0, 200)}`);
    },
    close: () => post.close(),
  };
}

/** Invokes the launcher's function and does not wait for it. Never rejects: its minute run sees to what is missed. */
export function makeLambdaWaker(
  lambda: Invoker,
  functionName: string,
  log: Log,
  monotonic: () => number,
): Waker {
  const wokenAt = new Map<string, number>();
  return {
    async wake(queue, sent) {
      const now = monotonic();
      if (now - (wokenAt.get(queue) ?? -Infinity) < INTERVAL_MS) return;
      wokenAt.set(queue, now);
      const event: LaunchEvent = { queue, sent };
      try {
        await lambda.invoke(functionName, 'Event', event);
      } catch (error) {
        wokenAt.delete(queue);
        log.warn({ err: error, queue }, 'could not wake the launcher; it looks every minute');
      }
    },
  };
}

/**
 * Has the launcher's function start workers, and waits for its answer: so only that function needs the right to
 * start any. May be sent again under the same key.
 * @throws MillraceError what the launcher says, or `unavailable`
 */
export async function orderWorkers(
  lambda: Invoker,
  functionName: string,
  queue: string,
  order: WorkersRequest,
): Promise<LaunchResult> {
  const event: LaunchEvent = { queue, sent: 0, order };
  let answered;
  try {
    answered = await lambda.invoke(functionName, 'RequestResponse', event);
  } catch (error) {
    throw outcomeUnknown(String(error));
  }
  const { headers, text } = answered;
  const failure = headers['x-amz-function-error'];
  if (failure !== undefined) throw outcomeUnknown(`${String(failure)}: ${text.slice(0, 400)}`);
  const answer = JSON.parse(text) as OrderAnswer;
  if ('result' in answer) return answer.result;
  const { code, message, hint, expected, got } = answer.refused;
  throw new MillraceError(isErrorCode(code) ? code : 'internal', message, {
    hint,
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
  });
}

function outcomeUnknown(got: string): MillraceError {
  return new MillraceError('unavailable', 'It is not known whether workers were started.', {
    got,
    hint: 'Send the request again with the same Idempotency-Key: nothing is started twice. Look at the log of the launcher if it fails again.',
  });
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
