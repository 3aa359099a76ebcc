import { timingSafeEqual } from 'node:crypto';

/** The user name in `http://millrace:KEY@127.0.0.1:PORT`. */
export const API_USER = 'millrace';

/** What the guard looks at; `headers` is Node's `headersDistinct`, so that a doubled header is seen as two. */
export interface GuardedRequest {
  /** The request target as it stood in the request line. */
  readonly target: string;
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

/** Who may use one port: `basic` is the API (`Authorization: Basic`), `sigv4` the SQS and DynamoDB ports. */
export interface GuardRules {
  readonly port: number;
  readonly key: string;
  readonly scheme: 'basic' | 'sigv4';
}

/** 403: nobody may ask like this, key or not; 401: the key is missing or is not this stack's. */
export type Verdict =
  { readonly ok: true } | { readonly ok: false; readonly status: 401 | 403; readonly reason: string };

/**
 * Decides whether a request to a local port may pass (G9). The port is open to every process of the machine
 * and to every page in its browsers, so first come the ways in which a page reaches a loopback port, and only
 * then the key: a page never learns whether it had the right one.
 */
export function decideAccess(request: GuardedRequest, rules: GuardRules): Verdict {
  const refusal = refuseTarget(request) ?? refuseHost(request, rules) ?? refuseBrowser(request, rules);
  return refusal ?? decideKey(request, rules);
}

/** The `Host` values by which a port on loopback is addressed. */
export function allowedHosts(port: number): readonly string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
}

function forbidden(reason: string): Verdict {
  return { ok: false, status: 403, reason };
}

/** In absolute form (`GET http://other/ …`, as sent to a proxy) the target names a host that overrides `Host`. */
function refuseTarget({ target }: GuardedRequest): Verdict | undefined {
  return target.startsWith('/')
    ? undefined
    : forbidden('expected a request target that starts with "/": this is no proxy');
}

/** After DNS rebinding a page's requests come to loopback, but still carry the page's own host name. */
function refuseHost({ headers }: GuardedRequest, { port }: GuardRules): Verdict | undefined {
  const host = only(headers['host'])?.toLowerCase();
  return host !== undefined && allowedHosts(port).includes(host)
    ? undefined
    : forbidden(
        `expected one Host header, one of ${allowedHosts(port).join(', ')}: ask for the URL that was printed`,
      );
}

/**
 * Browsers put `Origin` on every cross-origin request that may change something, preflights included, and
 * `Sec-Fetch-Site` on all of them. It matters beside the key, since a browser repeats Basic credentials that
 * a person once typed, for whatever page asks. The API's own origin may pass, and an address that was typed.
 */
function refuseBrowser({ headers }: GuardedRequest, { scheme }: GuardRules): Verdict | undefined {
  const origin = headers['origin'];
  const own = scheme === 'basic' && origin?.length === 1 && origin[0] === `http://${only(headers['host'])}`;
  if (origin !== undefined && !own)
    return forbidden('expected no Origin header: web pages may not use this port');
  const site = headers['sec-fetch-site'];
  const typed = scheme === 'basic' && site?.length === 1 && (site[0] === 'none' || site[0] === 'same-origin');
  if (site !== undefined && !typed)
    return forbidden('expected no Sec-Fetch-Site header: web pages may not use this port');
  return undefined;
}

function decideKey({ headers }: GuardedRequest, { key, scheme }: GuardRules): Verdict {
  const authorization = only(headers['authorization']);
  const given = scheme === 'basic' ? toBasicKey(authorization) : toAccessKeyId(authorization);
  if (given !== undefined && isSame(given, key)) return { ok: true };
  const wanted =
    scheme === 'basic'
      ? `Authorization: Basic with the user ${API_USER} and this stack's key`
      : "an AWS Signature Version 4 Authorization header with this stack's key as access key id";
  const got = given === undefined ? 'none' : 'another key';
  return {
    ok: false,
    status: 401,
    reason: `expected ${wanted}, got ${got}: \`millrace env\` prints what to set`,
  };
}

function toBasicKey(authorization: string | undefined): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1];
  const [user, ...password] = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .split(':');
  return user === API_USER && password.length > 0 ? password.join(':') : undefined;
}

/** Presigned query strings are not looked at: nothing here hands out such URLs, so they count as no key. */
function toAccessKeyId(authorization: string | undefined): string | undefined {
  return /^AWS4-HMAC-SHA256 +Credential=([^/,\s]+)\//.exec(authorization ?? '')?.[1];
}

/** Compares in a time that tells nothing about where two texts differ; the key's length is no secret. */
function isSame(given: string, key: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(key)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The value of a header that came once; none, or a header that came twice, is undefined. */
function only(values: readonly string[] | undefined): string | undefined {
  return values?.length === 1 ? values[0] : undefined;
}
