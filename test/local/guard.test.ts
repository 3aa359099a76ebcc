import { describe, expect, it } from 'vitest';
import { decideAccess, type GuardedRequest, type GuardRules } from '../../src/local/guard.ts';

const KEY = 'a'.repeat(43);
const OTHER_KEY = `${'a'.repeat(42)}b`;
const basic = (user: string, key: string): string =>
  `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`;
const sigv4 = (id: string): string =>
  `AWS4-HMAC-SHA256 Credential=${id}/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00`;

const ports: Record<'basic' | 'sigv4', { rules: GuardRules; authorization: string }> = {
  basic: { rules: { port: 4000, key: KEY, scheme: 'basic' }, authorization: basic('millrace', KEY) },
  sigv4: { rules: { port: 4000, key: KEY, scheme: 'sigv4' }, authorization: sigv4(KEY) },
};

type Change = Partial<Record<string, string | string[] | null>>;

/** A request that would pass, with some headers set (doubled by a list) or left out (null). */
function makeRequest(scheme: 'basic' | 'sigv4', change: Change, target = '/'): GuardedRequest {
  const headers: Record<string, string[]> = {
    host: ['127.0.0.1:4000'],
    authorization: [ports[scheme].authorization],
  };
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete headers[name];
    else if (value !== undefined) headers[name] = [value].flat();
  }
  return { target, headers };
}

function statusOf(scheme: 'basic' | 'sigv4', change: Change, target?: string): 200 | 401 | 403 {
  const verdict = decideAccess(makeRequest(scheme, change, target), ports[scheme].rules);
  return verdict.ok ? 200 : verdict.status;
}

describe.each(['basic', 'sigv4'] as const)('the guard of a %s port', (scheme) => {
  it.each<[string, Change, 200 | 401 | 403]>([
    ['lets in who has the key', {}, 200],
    ['takes localhost as host', { host: 'localhost:4000' }, 200],
    ['takes a host in capitals', { host: 'LOCALHOST:4000' }, 200],
    ['takes the IPv6 loopback as host', { host: '[::1]:4000' }, 200],
    ['refuses a foreign host (DNS rebinding)', { host: 'evil.example:4000' }, 403],
    ['refuses a host that merely begins well', { host: '127.0.0.1:4000.evil.example' }, 403],
    ['refuses another port in the host', { host: '127.0.0.1:4001' }, 403],
    ['refuses a host without a port', { host: '127.0.0.1' }, 403],
    ['refuses a missing host (HTTP/1.0)', { host: null }, 403],
    ['refuses two hosts, though one is right', { host: ['127.0.0.1:4000', 'evil.example'] }, 403],
    ['refuses a foreign origin', { origin: 'http://evil.example' }, 403],
    ['refuses the origin of a file or sandbox', { origin: 'null' }, 403],
    ['refuses an empty origin', { origin: '' }, 403],
    ['refuses two origins', { origin: ['http://127.0.0.1:4000', 'http://evil.example'] }, 403],
    ['refuses the origin of another port here', { origin: 'http://127.0.0.1:4001' }, 403],
    ['refuses a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['refuses a page of another port here', { 'sec-fetch-site': 'same-site' }, 403],
    ['refuses a doubled fetch site', { 'sec-fetch-site': ['same-origin', 'cross-site'] }, 403],
    [
      'says 403, not 401, to a page without the key',
      { origin: 'http://evil.example', authorization: null },
      403,
    ],
    ['refuses who shows no key', { authorization: null }, 401],
    ['refuses an empty key', { authorization: '' }, 401],
    ['refuses a bearer token', { authorization: `Bearer ${KEY}` }, 401],
    ['refuses the bare key', { authorization: KEY }, 401],
    [
      'refuses two authorizations, though both are right',
      { authorization: [basic('millrace', KEY), sigv4(KEY)] },
      401,
    ],
  ])('%s', (_title, change, expected) => {
    expect(statusOf(scheme, change)).toBe(expected);
  });

  it.each(['http://evil.example/', 'http://127.0.0.1:4000/', 'evil.example:443', '*', ''])(
    'refuses the request target "%s"',
    (target) => {
      expect(statusOf(scheme, {}, target)).toBe(403);
    },
  );

  it('never tells the key, nor what was given for it', () => {
    for (const authorization of [basic('millrace', OTHER_KEY), sigv4(OTHER_KEY)]) {
      const verdict = decideAccess(makeRequest(scheme, { authorization }), ports[scheme].rules);
      expect(JSON.stringify(verdict)).not.toMatch(/a{10}/);
    }
  });
});

describe('the key on the API port', () => {
  it.each<[string, string, 200 | 401]>([
    ['in lower-case "basic"', basic('millrace', KEY).replace('Basic', 'basic'), 200],
    ['of another stack', basic('millrace', OTHER_KEY), 401],
    ['cut short', basic('millrace', KEY.slice(1)), 401],
    ['with something behind it', basic('millrace', `${KEY}:`), 401],
    ['of another user', basic('root', KEY), 401],
    ['without a colon', `Basic ${Buffer.from(`millrace${KEY}`).toString('base64')}`, 401],
    ['as an AWS signature', sigv4(KEY), 401],
  ])('is judged %s', (_title, authorization, expected) => {
    expect(statusOf('basic', { authorization })).toBe(expected);
  });

  it.each<[string, Change]>([
    ['the API of its own origin', { origin: 'http://127.0.0.1:4000', 'sec-fetch-site': 'same-origin' }],
    ['an address typed into a browser', { 'sec-fetch-site': 'none' }],
  ])('lets in %s', (_title, change) => {
    expect(statusOf('basic', change)).toBe(200);
    expect(statusOf('sigv4', change)).toBe(403);
  });
});

describe('the key on an AWS port', () => {
  it.each<[string, string, 200 | 401]>([
    ['without spaces in the header', sigv4(KEY).replaceAll(', ', ','), 200],
    ['of another stack', sigv4(OTHER_KEY), 401],
    ['as a prefix', sigv4(`${KEY}a`), 401],
    ['in another place', `AWS4-HMAC-SHA256 SignedHeaders=host, Credential=${KEY}/x, Signature=00`, 401],
    ['without a scope', `AWS4-HMAC-SHA256 Credential=${KEY}`, 401],
    ['by another algorithm', sigv4(KEY).replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'), 401],
    ['as Basic', basic('millrace', KEY), 401],
  ])('is judged %s', (_title, authorization, expected) => {
    expect(statusOf('sigv4', { authorization })).toBe(expected);
  });

  it('is not taken from a presigned query string', () => {
    const target = `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${KEY}%2F20260101`;
    expect(statusOf('sigv4', { authorization: null }, target)).toBe(401);
  });
});
