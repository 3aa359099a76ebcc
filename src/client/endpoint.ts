import { MillraceError } from '../core/errors.ts';

/** Where an API is, and what to send to be let in. */
export interface Endpoint {
  /** Without user info and without a slash at its end; safe to print. */
  readonly base: string;
  readonly authorization: string | undefined;
}

/**
 * Takes the user info out of an address: fetch refuses URLs that carry one.
 * A name without a password (`http://millrace@…`) is sent with an empty one, as curl does.
 * @throws MillraceError `invalid_request`
 */
export function parseEndpoint(address: string): Endpoint {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new MillraceError('invalid_request', 'This is not the address of a Millrace API.', {
      expected: 'http://NAME:KEY@HOST:PORT or https://HOST',
      got: withoutUserInfo(address),
      hint: 'Take the address that the local stack prints, or the API address among the outputs of the deployed stack.',
    });
  }
  const hasUserInfo = url.username !== '' || url.password !== '';
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    base: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    authorization: hasUserInfo ? `Basic ${Buffer.from(credentials).toString('base64')}` : undefined,
  };
}

/** An address fit for messages and logs: the key in it stays secret, whatever the rest looks like. */
export function withoutUserInfo(address: string): string {
  return address.replace(/\/\/[^/]*@/, '//').replace(/^[^/]*@/, '');
}
