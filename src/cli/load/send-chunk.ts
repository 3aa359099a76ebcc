import type { MillraceClient } from '../../client/millrace-client.ts';
import { uploadLines } from '../../client/upload-lines.ts';
import { MAX_LINE_BYTES, type InputChunk } from './chunker.ts';
import type { ChunkOutcome } from './load-tally.ts';
import type { LoadSettings } from './plan-load.ts';

const CONTENT_TYPES = { text: 'text/plain; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

/** Uploads one chunk, and counts its refused lines in the whole input. A chunk of nothing but bad lines is no error. */
export async function sendChunk(
  client: Pick<MillraceClient, 'uploadChunk'>,
  batch: string,
  { queue, format, timeoutSeconds, maxAttempts }: LoadSettings,
  chunk: InputChunk,
): Promise<ChunkOutcome> {
  const tooLong = chunk.tooLong.map(({ line, bytes }) => ({
    line,
    code: 'too_large',
    detail: `This line has ${bytes} bytes; ${MAX_LINE_BYTES} are the most.`,
  }));
  if (chunk.tasks === 0) return { accepted: 0, refused: tooLong };
  const upload = { queue, batch, chunk: chunk.start.chunk, body: chunk.body, timeoutSeconds, maxAttempts };
  const answer = await uploadLines(client, { ...upload, contentType: CONTENT_TYPES[format] });
  const refused = answer.refused.map((entry) => ({ ...entry, line: chunk.start.line + entry.line - 1 }));
  return { accepted: answer.accepted, refused: [...tooLong, ...refused].sort((a, b) => a.line - b.line) };
}
