import { createHash, createHmac } from 'node:crypto';
import type { Received } from '../client/scripted-server.ts';

export const ACCESS_KEY = 'AKIDEXAMPLE';
export const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

/** A request as it came in, or as a test vector has it. */
type SignedMessage = Pick<Received, 'method' | 'target' | 'headers' | 'body'>;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/**
 * The `authorization` that such a request must bear, from AWS's description of Signature Version 4 and node:crypto
 * alone: what arrived is canonicalized and signed anew.
 */
export function expectedAuthorization({ method, target, headers, body }: SignedMessage): string {
  const given = headers.authorization ?? '';
  const scope = /Credential=[^/]+\/([^,]+),/.exec(given)?.[1] ?? '';
  const names = /SignedHeaders=([^,]+),/.exec(given)?.[1] ?? '';
  const [path = '', query = ''] = target.split('?');
  const canonical = [
    method,
    path.split('/').map(encodeURIComponent).join('/'), // once more than it is sent
    toCanonicalQuery(query),
    ...names.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const [date = '', region = '', service = ''] = scope.split('/');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${SECRET_KEY}`, date), region), service), 'aws4_request');
  const signature = hmac(key, toSign).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
}

/** Ordered by name, then by value. */
function toCanonicalQuery(query: string): string {
  const pairs = query.split('&').filter(Boolean);
  const split = pairs.map((pair) => [...pair.split('='), ''].slice(0, 2) as [string, string]);
  const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
  split.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  return split.map((pair) => pair.join('=')).join('&');
}
