import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** Keys that sign for as long as they are good. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A POST before it is signed. */
export interface UnsignedPost {
  readonly region: string;
  /** With the port, where it is not the scheme's own. */
  readonly host: string;
  /** Of the URL, encoded, without a query. */
  readonly path: string;
  /** ASCII, without blanks at their ends. Host, date and token are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** ms since 1970 */
  readonly at: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Signs requests to one service, over all their headers and the body. The key is derived once a day, and kept as a key
 * object: node:crypto takes longer to make one of bytes than to sign.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @returns the headers to send
 */
export function makePostSigner(
  service: string,
): (post: UnsignedPost, credentials: Credentials) => Record<string, string> {
  let derived: { readonly of: string; readonly key: KeyObject } | undefined;
  return ({ region, host, path, headers, body, at }, { accessKeyId, secretAccessKey, sessionToken }) => {
    const time = amzDate(at);
    const all: Record<string, string> = { ...headers, Host: host, 'X-Amz-Date': time };
    if (sessionToken) all['X-Amz-Security-Token'] = sessionToken;
    const names = Object.keys(all).sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    const signed = names.map((name) => name.toLowerCase()).join(';');
    let canonical = `POST\n${encodeAgain(path)}\n\n`;
    for (const name of names) canonical += `${name.toLowerCase()}:${all[name]!}\n`;
    canonical += `\n${signed}\n${hash('sha256', body)}`;

    const date = time.slice(0, 8);
    const scope = `${date}/${region}/${service}/aws4_request`;
    const of = `${scope} ${secretAccessKey}`;
    if (derived?.of !== of) derived = { of, key: deriveKey(secretAccessKey, [date, region, service]) };
    const toSign = `${ALGORITHM}\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = createHmac('sha256', derived.key).update(toSign).digest('hex');
    all['Authorization'] =
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
    return all;
  };
}

function deriveKey(secretAccessKey: string, scope: readonly string[]): KeyObject {
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  return createSecretKey(hmac(scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`), 'aws4_request'));
}

/** All services but S3 sign a path that is encoded once more than what is sent. */
function encodeAgain(path: string): string {
  return path === '/' ? path : path.split('/').map(encodeURIComponent).join('/');
}

/** `20260301T093000Z` */
function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
