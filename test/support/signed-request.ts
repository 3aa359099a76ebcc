import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { request } from 'node:http';
import { REGION } from './ministack.ts';

export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** MiniStack's root: nothing is refused to it. */
export const ROOT_KEY: AwsKey = { accessKeyId: 'test', secretAccessKey: 'test' };

export interface SignedRequest {
  /** Its host is sent and signed; the connection goes to the loopback address, since few resolvers know it. */
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Absent: sent without a signature. */
  readonly key?: AwsKey | undefined;
  readonly service?: string;
  /** Applied to the finished signature: to send a wrong one. */
  readonly tamper?: (headers: Record<string, string>) => void;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  json<T>(): T;
}

/** One request to the emulated AWS, signed as its API Gateway wants it. */
export async function sendSigned(wanted: SignedRequest): Promise<Answer> {
  const { key, service = 'execute-api', body = '', method = 'GET' } = wanted;
  const url = new URL(wanted.url);
  const plain = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...wanted.headers, host: url.host },
    body,
  };
  const signer = key && new SignatureV4({ credentials: key, region: REGION, service, sha256: Sha256 });
  const { headers } = signer ? await signer.sign(plain) : plain;
  wanted.tamper?.(headers);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: url.port, method, path: url.pathname + url.search, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, json: <T>() => JSON.parse(text) as T }),
        );
      },
    );
    sent.on('error', reject).end(body);
  });
}
