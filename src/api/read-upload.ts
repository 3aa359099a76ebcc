import { MillraceError } from '../core/errors.ts';
import { MAX_BATCH_BODY_BYTES } from '../core/limits.ts';
import { assertMediaType, mediaType, readBody } from './read-body.ts';

export type UploadFormat = 'text' | 'ndjson' | 'array';

/** Tasks as they came in. */
export interface Upload {
  readonly format: UploadFormat;
  readonly bytes: Uint8Array;
}

const FORMATS: Readonly<Record<string, UploadFormat>> = {
  'text/plain': 'text',
  'application/x-ndjson': 'ndjson',
  'application/json': 'array',
};
const MULTIPART = 'multipart/form-data';

const HINT =
  'Split it, or let the command line do that: `millrace load QUEUE FILE` takes a file of any size.';

/** @throws MillraceError `unsupported_media_type`, `too_large`, `invalid_batch` for a form without its one file */
export async function readUpload(request: Request): Promise<Upload> {
  const type = assertMediaType(request, [...Object.keys(FORMATS), MULTIPART]);
  const bytes = await readBody(request, MAX_BATCH_BODY_BYTES, HINT);
  if (type !== MULTIPART) return { format: FORMATS[type] ?? 'text', bytes };
  const file = await fileOf(bytes, request.headers.get('content-type') ?? '');
  const isNdjson = /\.(ndjson|jsonl)$/i.test(file.name) || mediaType(file.type) === 'application/x-ndjson';
  return { format: isNdjson ? 'ndjson' : 'text', bytes: new Uint8Array(await file.arrayBuffer()) };
}

/** For a route that takes forms only. */
export async function readFormUpload(request: Request): Promise<Upload> {
  assertMediaType(request, [MULTIPART]);
  return readUpload(request);
}

async function fileOf(bytes: Uint8Array, contentType: string): Promise<File> {
  let form: FormData;
  try {
    form = await new Response(bytes as Uint8Array<ArrayBuffer>, {
      headers: { 'content-type': contentType },
    }).formData();
  } catch (error) {
    throw badForm(`it cannot be read (${(error as Error).message})`);
  }
  const parts = [...form].map(([name, value]) => ({ name, value }));
  const files = parts.filter(({ value }) => typeof value !== 'string');
  const [file] = files;
  if (parts.length !== 1 || !file || typeof file.value === 'string') {
    throw badForm(`it has ${files.length} files and ${parts.length - files.length} other fields`);
  }
  return file.value;
}

function badForm(what: string): MillraceError {
  return new MillraceError('invalid_batch', `This form is no upload: ${what}.`, {
    expected: 'multipart/form-data with one file and nothing else',
    got: what,
    hint: 'Upload it as in: curl -F file=@commands.txt; a file named *.ndjson holds tasks with settings.',
  });
}
