import type { AwsAccess } from './aws-access.ts';
import { toAwsProblem } from './aws-problem.ts';
import { isLocalhostName, sendToLoopback } from './send-to-loopback.ts';
import { makeSignRequest, type SignRequest } from './sign-request.ts';

/**
 * A `fetch` that signs what it sends. Takes what MillraceClient gives it: an address, and a body of text or bytes.
 * @throws MillraceError `unauthorized` when there are no credentials
 */
export function makeSigningFetch(access: AwsAccess, now: () => Date = () => new Date()): typeof fetch {
  const sign = makeSignRequest(access, now);
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init.method ?? 'GET';
    const body = toBody(init.body);
    const headers = Object.fromEntries(new Headers(init.headers));
    const signed = await signOrSay(sign, { method, url, headers, body });
    if (isLocalhostName(url.hostname)) {
      return sendToLoopback({ method, ...signed, body, signal: init.signal ?? undefined });
    }
    const { host: _, ...sent } = signed.headers; // fetch sets the same one itself
    return fetch(signed.url, { ...init, headers: sent });
  };
}

async function signOrSay(sign: SignRequest, request: Parameters<SignRequest>[0]) {
  try {
    return await sign(request);
  } catch (error) {
    throw toAwsProblem(error, 'sign the request');
  }
}

function toBody(body: RequestInit['body']): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  throw new TypeError('expected a body of text or bytes: it must be read to be signed');
}
