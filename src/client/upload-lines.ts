import { MillraceError } from '../core/errors.ts';
import type { ChunkUpload, MillraceClient, RefusedLine } from './millrace-client.ts';

/** Uploads one chunk of a larger whole: a chunk of nothing but bad lines is no error there. */
export async function uploadLines(
  client: Pick<MillraceClient, 'uploadChunk'>,
  chunk: ChunkUpload,
): Promise<{ readonly accepted: number; readonly refused: readonly RefusedLine[] }> {
  try {
    return await client.uploadChunk(chunk);
  } catch (error) {
    if (!(error instanceof MillraceError) || error.code !== 'invalid_batch') throw error;
    // Only when it says no more than that none of them is a task.
    if (!Array.isArray(error.extra['refused'])) throw error;
    return { accepted: 0, refused: error.extra['refused'] as RefusedLine[] };
  }
}
