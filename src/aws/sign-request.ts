import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsAccess } from './aws-access.ts';

/** A request before it is signed. */
export interface PlainRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
}

/** What goes over the wire, to the byte: a query that is written otherwise has another signature. */
export interface SignedRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** Signs requests for API Gateway with IAM authorization. */
export type SignRequest = (request: PlainRequest) => Promise<SignedRequest>;

const SERVICE = 'execute-api';

/**
 * Signature Version 4 over method, path, query, every header given, host, and the hash of the body.
 * Each signature is of its own moment: API Gateway takes it for five minutes, so a repetition is signed again.
 */
export function makeSignRequest({ region, credentials }: AwsAccess, now: () => Date): SignRequest {
  const signer = new SignatureV4({
    service: SERVICE,
    region,
    credentials: () => credentials(),
    sha256: Sha256,
    applyChecksum: true,
  });
  return async ({ method, url, headers, body }) => {
    const target = new URL(url);
    target.search = toRfc3986(url.searchParams);
    const { headers: signed } = await signer.sign(
      {
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: toQueryBag(url.searchParams),
        headers: { ...headers, host: url.host },
        ...(url.port !== '' && { port: Number(url.port) }),
        ...(body !== undefined && { body }),
      },
      { signingDate: now() },
    );
    return { url: target, headers: signed };
  };
}

function toQueryBag(query: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

/** As the signature has it: a blank is %20, where URLSearchParams writes +. */
function toRfc3986(query: URLSearchParams): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}
