import { MillraceError } from '../core/errors.ts';

/**
 * The body of a request, at most so many bytes of it: it is read as it comes and given up at the limit, whatever
 * its Content-Length says.
 * @throws MillraceError `too_large`
 */
export async function readBody(request: Request, maxBytes: number, hint: string): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes, hint);
  if (!request.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body as ReadableStream<Uint8Array>) {
    length += part.byteLength;
    // Leaving the loop cancels the stream.
    if (length > maxBytes) throw tooLarge(maxBytes, hint);
    parts.push(part);
  }
  return join(parts, length);
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function tooLarge(maxBytes: number, hint: string): MillraceError {
  return new MillraceError('too_large', 'The body of the request is too large.', {
    expected: `at most ${maxBytes} bytes`,
    got: `more than ${maxBytes} bytes`,
    hint,
  });
}

/** The media type of a request, without its parameters, in lower case; empty when it names none. */
export function mediaType(header: string | null | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws MillraceError `unsupported_media_type` */
export function assertMediaType(request: Request, allowed: readonly string[]): string {
  const type = mediaType(request.headers.get('content-type'));
  if (allowed.includes(type)) return type;
  throw new MillraceError('unsupported_media_type', 'The body has a type that is not taken here.', {
    expected: `Content-Type: ${allowed.join(' or ')}`,
    got: type === '' ? 'no Content-Type' : type,
    hint: `Say what the body is, as in: curl -H 'content-type: ${allowed[0] ?? ''}' --data-binary @FILE`,
  });
}
