import { MillraceError } from '../core/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** @throws MillraceError `invalid_json` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw invalidJson((error as Error).message);
  }
}

/** A whole body. @throws MillraceError `invalid_json` with the `position`, in characters, where it stops to be JSON */
export function parseJsonBody(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new MillraceError('invalid_json', 'The body is not text in UTF-8.', {
      expected: 'JSON in UTF-8',
      hint: 'Convert it to UTF-8, as with `iconv -t UTF-8`.',
    });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { message } = error as Error;
    throw invalidJson(message, positionOf(message, text));
  }
}

function invalidJson(message: string, position?: number): MillraceError {
  return new MillraceError('invalid_json', `This is not JSON: ${message}.`, {
    expected: 'one JSON value',
    ...(position !== undefined && { got: `an error at position ${position}`, extra: { position } }),
    hint: 'Quote names and texts with ", and leave no comma behind the last element.',
  });
}

/** V8 tells the position of most errors; not that of an unexpected token, which is looked for by halving. */
function positionOf(message: string, text: string): number {
  const told = /at position (\d+)/.exec(message);
  if (told) return Number(told[1]);
  const kind = message.split(',', 1)[0] ?? '';
  if (!kind.startsWith('Unexpected token')) return text.length;
  let good = 0;
  let bad = text.length;
  while (good + 1 < bad) {
    const middle = (good + bad) >> 1;
    if (failsWith(kind, text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

function failsWith(kind: string, text: string): boolean {
  try {
    JSON.parse(text);
    return false;
  } catch (error) {
    return (error as Error).message.startsWith(kind);
  }
}
