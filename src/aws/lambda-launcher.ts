import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ERROR_CODES, MillraceError, type ErrorCode } from '../core/errors.ts';
import type { LaunchResult, WorkersRequest } from '../core/launch.ts';
import type { LaunchEvent } from '../core/launch-event.ts';
import type { Log, Waker } from '../core/ports.ts';

/** A queue is woken no more often: ECS takes few requests, and a worker that is on its way finds what came after. */
const INTERVAL_MS = 1000;

/** What the launcher's function answers to an order. */
export type OrderAnswer =
  | { readonly result: LaunchResult }
  | { readonly refused: Pick<MillraceError, 'code' | 'message' | 'hint' | 'expected' | 'got'> };

/** One try in the time given: a second would come after whoever waits for its answer has gone. */
export function makeLambdaClient(timeoutMs: number, endpoint?: string): LambdaClient {
  return new LambdaClient({
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 1,
    // Without the last of them the SDK only writes a warning, and waits on.
    requestHandler: { connectionTimeout: 2000, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
  });
}

/** Invokes the launcher's function and does not wait for it. Never rejects: its minute run sees to what is missed. */
export function makeLambdaWaker(
  client: LambdaClient,
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
        await client.send(
          new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload: toBytes(event) }),
        );
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
  client: LambdaClient,
  functionName: string,
  queue: string,
  order: WorkersRequest,
): Promise<LaunchResult> {
  const event: LaunchEvent = { queue, sent: 0, order };
  let answered;
  try {
    answered = await client.send(new InvokeCommand({ FunctionName: functionName, Payload: toBytes(event) }));
  } catch (error) {
    throw outcomeUnknown(String(error));
  }
  const { FunctionError: failure, Payload: payload } = answered;
  const text = payload ? Buffer.from(payload).toString() : '';
  if (failure !== undefined) throw outcomeUnknown(`${failure}: ${text.slice(0, 400)}`);
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

function toBytes(event: LaunchEvent): Uint8Array {
  return Buffer.from(JSON.stringify(event));
}

function isErrorCode(code: string): code is ErrorCode {
  return code in ERROR_CODES;
}
