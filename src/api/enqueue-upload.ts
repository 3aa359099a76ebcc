import { enqueueChunk } from '../core/enqueue-batch.ts';
import { MillraceError } from '../core/errors.ts';
import type { Ports } from '../core/ports.ts';
import { readBatchProgress, type BatchProgress } from '../core/progress.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import { canonicalContent } from '../core/task-spec.ts';
import type { ChunkTask } from '../core/batch-row.ts';
import { wake, type ApiDeps } from './api-deps.ts';
import { parseUpload, type ParsedUpload, type RefusedLine, type UploadDefaults } from './parse-upload.ts';
import type { Upload } from './read-upload.ts';
import { assertChunkFits, splitChunks } from './split-chunks.ts';

export interface UploadOptions {
  readonly batch?: string | undefined;
  readonly chunk?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly key?: string | undefined;
}

export interface UploadAnswer extends BatchProgress {
  readonly accepted: number;
  readonly refused: readonly RefusedLine[];
  readonly refusedMore?: number;
}

/** How many chunks are sent at the same time. */
const AT_ONCE = 4;

/**
 * Enqueues what was uploaded: as one chunk of a batch that the client numbers, or cut into chunks here.
 * @throws MillraceError `invalid_batch` when no line is a task, `content_conflict`, `too_large`
 */
export async function enqueueUpload(
  deps: ApiDeps,
  definition: QueueDefinition,
  upload: Upload,
  options: UploadOptions,
): Promise<UploadAnswer> {
  const { ports } = deps;
  const place = placeOf(options);
  const parsed = parseUpload(upload, definition.program !== undefined, defaultsOf(options));
  if (parsed.tasks.length === 0) throw nothingToDo(parsed);
  const queue = definition.name;
  let batch: string;
  if (place) {
    batch = place.batch;
    assertChunkFits(parsed.tasks, (text) => deps.compressedBytes(text));
    await enqueueChunk(ports, { ...place, queue, tasks: parsed.tasks });
  } else {
    batch = options.key === undefined ? ports.newId() : keyedBatch(ports, queue, options.key);
    await enqueueAll(ports, batch, queue, parsed.tasks, options.key !== undefined);
  }
  await wake(deps, queue, parsed.tasks.length);
  return {
    ...(await readBatchProgress(ports, batch)),
    accepted: parsed.tasks.length,
    refused: parsed.refused,
    ...(parsed.refusedMore > 0 && { refusedMore: parsed.refusedMore }),
  };
}

/** The first chunk goes alone: it is the one that finds out that its key was used for another upload. */
async function enqueueAll(
  ports: Ports,
  batch: string,
  queue: string,
  tasks: readonly ChunkTask[],
  isKeyed: boolean,
): Promise<void> {
  const [first = [], ...others] = splitChunks(tasks);
  const upload = isKeyed ? digestOf(ports, queue, tasks) : undefined;
  await enqueueChunk(ports, { batch, chunk: 0, queue, tasks: first, upload });
  let next = 0;
  const sendOthers = async () => {
    for (let i = next++; i < others.length; i = next++) {
      await enqueueChunk(ports, { batch, chunk: i + 1, queue, tasks: others[i] ?? [], upload });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendOthers));
}

function keyedBatch(ports: Ports, queue: string, key: string): string {
  return `k-${ports.digest(JSON.stringify(['batch', queue, key])).slice(0, 32)}`;
}

/** Of all tasks: a longer or shorter upload under the same key has equal first chunks, and is another content. */
function digestOf(ports: Ports, queue: string, tasks: readonly ChunkTask[]): string {
  return ports.digest(JSON.stringify(tasks.map(({ line, task }) => [line, canonicalContent(queue, task)])));
}

function placeOf({ batch, chunk }: UploadOptions): { batch: string; chunk: number } | undefined {
  if (batch !== undefined && chunk !== undefined) return { batch, chunk };
  if (batch === undefined && chunk === undefined) return undefined;
  throw new MillraceError('invalid_request', '`batch` and `chunk` go together.', {
    expected: 'both, or neither',
    got: batch === undefined ? '`chunk` alone' : '`batch` alone',
    hint: 'Give both for a chunk that you cut yourself; leave both out and the upload is cut here.',
  });
}

function defaultsOf({ timeoutSeconds, maxAttempts }: UploadOptions): UploadDefaults {
  return {
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
    ...(maxAttempts !== undefined && { maxAttempts }),
  };
}

function nothingToDo({ refused, refusedMore }: ParsedUpload): MillraceError {
  const count = refused.length + refusedMore;
  return new MillraceError(
    'invalid_batch',
    count === 0 ? 'The upload is empty.' : 'No line of the upload is a task.',
    {
      expected: 'at least one task',
      got: count === 0 ? 'no line that is not blank' : `${count} lines, all refused`,
      hint: 'Correct the lines in `refused`, and send them again.',
      extra: { refused, ...(refusedMore > 0 && { refusedMore }) },
    },
  );
}
