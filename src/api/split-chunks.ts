import type { ChunkTask } from '../core/batch-row.ts';
import { MillraceError } from '../core/errors.ts';
import { MAX_CHUNK_BYTES, MAX_CHUNK_TASKS } from '../core/limits.ts';
import { byteLength } from '../core/task-spec.ts';

/**
 * The tasks of an upload in chunks. The cuts depend on the tasks alone, not on how well they compress: an upload
 * that is sent again, perhaps to a newer release, must find the chunks it made before.
 */
export function splitChunks(tasks: readonly ChunkTask[]): readonly (readonly ChunkTask[])[] {
  const chunks: ChunkTask[][] = [];
  let chunk: ChunkTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const size = byteLength(JSON.stringify(task)) + 1;
    if (chunk.length === MAX_CHUNK_TASKS || (chunk.length > 0 && bytes + size > MAX_CHUNK_BYTES)) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(task);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** A chunk that the client has cut. @throws MillraceError `too_large` */
export function assertChunkFits(
  tasks: readonly ChunkTask[],
  compressedBytes: (text: string) => number,
): void {
  if (tasks.length > MAX_CHUNK_TASKS) throw tooLarge(`${MAX_CHUNK_TASKS} tasks`, `${tasks.length} tasks`);
  const text = JSON.stringify(tasks);
  if (text.length * 3 <= MAX_CHUNK_BYTES || byteLength(text) <= MAX_CHUNK_BYTES) return;
  const size = compressedBytes(text);
  if (size > MAX_CHUNK_BYTES) throw tooLarge(`${MAX_CHUNK_BYTES} bytes, compressed`, `${size} bytes`);
}

/** What a workflow enqueues later, which is kept in one item. @throws MillraceError `too_large` */
export function assertStepsFit(steps: unknown, compressedBytes: (text: string) => number): void {
  const size = compressedBytes(JSON.stringify(steps));
  if (size <= MAX_CHUNK_BYTES) return;
  throw new MillraceError('too_large', 'The steps of this workflow are too large.', {
    expected: `at most ${MAX_CHUNK_BYTES} bytes, compressed`,
    got: `${size} bytes`,
    hint: 'Put the data where the programs can fetch it, and pass its address.',
  });
}

function tooLarge(most: string, got: string): MillraceError {
  return new MillraceError('too_large', 'This chunk is too large.', {
    expected: `at most ${most}`,
    got,
    hint: 'Cut the batch into smaller chunks, or leave `batch` and `chunk` out: then it is cut here.',
  });
}
