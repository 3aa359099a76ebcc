import type { ChunkTask } from '../core/batch-row.ts';
import { MillraceError } from '../core/errors.ts';
import { MAX_ARGUMENT_BYTES } from '../core/limits.ts';
import { byteLength, parseTaskSpec, type TaskSpec } from '../core/task-spec.ts';
import { parseJson, parseJsonBody } from './parse-json.ts';
import type { Upload } from './read-upload.ts';

/** A line that is no task. */
export interface RefusedLine {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

export interface ParsedUpload {
  readonly tasks: readonly ChunkTask[];
  /** The first ones. */
  readonly refused: readonly RefusedLine[];
  /** How many more were refused. */
  readonly refusedMore: number;
}

/** Settings for every line that has none of its own. */
export type UploadDefaults = Pick<TaskSpec, 'timeoutSeconds' | 'maxAttempts'>;

const MAX_REFUSED = 1000;

/** Of one upload: what is enqueued within a request must end before its client gives up. */
const MAX_UPLOAD_LINES = 100_000;

/**
 * Every line of an upload as a task, or refused with its number: a bad line never stops the good ones.
 * @throws MillraceError `invalid_json` for a body that should be one JSON array and is none, `too_large`
 */
export function parseUpload(upload: Upload, hasProgram: boolean, defaults: UploadDefaults): ParsedUpload {
  const tasks: ChunkTask[] = [];
  const refused: RefusedLine[] = [];
  let refusedCount = 0;
  for (const { line, value } of entriesOf(upload)) {
    if (tasks.length + refusedCount === MAX_UPLOAD_LINES) throw tooManyLines();
    try {
      const spec = toSpec(upload.format, value(), hasProgram);
      tasks.push({ line, task: { ...defaults, ...spec } });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      refusedCount += 1;
      if (refused.length < MAX_REFUSED) refused.push({ line, code: error.code, detail: error.message });
    }
  }
  return { tasks, refused, refusedMore: refusedCount - refused.length };
}

interface Entry {
  readonly line: number;
  readonly value: () => unknown;
}

function* entriesOf({ format, bytes }: Upload): Generator<Entry> {
  if (format === 'array') {
    const elements = parseJsonBody(bytes);
    if (!Array.isArray(elements)) throw noArray();
    for (const [i, element] of elements.entries()) yield { line: i + 1, value: () => element as unknown };
    return;
  }
  let line = 0;
  for (const text of linesOf(bytes)) {
    line += 1;
    if (text === undefined) yield { line, value: refuseEncoding };
    else if (text.trim() !== '') yield { line, value: () => (format === 'ndjson' ? parseJson(text) : text) };
  }
}

function toSpec(format: Upload['format'], value: unknown, hasProgram: boolean): TaskSpec {
  if (format !== 'text' || typeof value !== 'string') return parseTaskSpec(value, hasProgram);
  if (hasProgram) return parseTaskSpec({ input: value }, true);
  // What the schema would check of a command, at a hundredth of its price.
  const isShort = value.length * 3 <= MAX_ARGUMENT_BYTES || byteLength(value) <= MAX_ARGUMENT_BYTES;
  if (isShort && !value.includes('\0')) return { command: value };
  return parseTaskSpec({ command: value }, false);
}

const LF = 0x0a;
const CR = 0x0d;

/** The lines of a text without their ends; undefined for one that is not UTF-8. */
function* linesOf(bytes: Uint8Array): Generator<string | undefined> {
  const text = decode(bytes);
  if (text !== undefined) {
    for (let at = 0; at < text.length;) {
      const found = text.indexOf('\n', at);
      const end = found < 0 ? text.length : found;
      yield text.slice(at, text.charCodeAt(end - 1) === CR && end > at ? end - 1 : end);
      at = end + 1;
    }
    return;
  }
  for (let at = 0; at < bytes.length;) {
    const found = bytes.indexOf(LF, at);
    const end = found < 0 ? bytes.length : found;
    yield decode(bytes.subarray(at, bytes[end - 1] === CR && end > at ? end - 1 : end));
    at = end + 1;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function refuseEncoding(): never {
  throw new MillraceError('invalid_task', 'This line is not text in UTF-8.', {
    hint: 'Convert the file, as with `iconv -t UTF-8`.',
  });
}

function tooManyLines(): MillraceError {
  return new MillraceError('too_large', 'This upload has too many lines.', {
    expected: `at most ${MAX_UPLOAD_LINES} tasks`,
    got: 'more',
    hint: 'Split it, or let the command line do that: `millrace load QUEUE FILE` takes a file of any size.',
  });
}

function noArray(): MillraceError {
  return new MillraceError('invalid_batch', 'The body is JSON, but no array of tasks.', {
    expected: '[{"command": "…"}, …]',
    hint: 'Send an array, or say `content-type: application/x-ndjson` for a task a line.',
  });
}
