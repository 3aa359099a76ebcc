import { MAX_CHUNK_RAW_BYTES, MAX_CHUNK_TASKS } from '../core/limits.ts';
import { abortable } from './abortable.ts';
import type { Enqueueable } from './call.ts';
import type { MillraceClient } from './millrace-client.ts';
import { uploadChunks } from './upload-chunks.ts';
import { uploadLines } from './upload-lines.ts';

export interface BatchOptions {
  /** `default` unless told. */
  readonly queue?: string;
  /** Its id, 1 to 64 letters, digits, - and _; made up unless told. Tell it to be able to go on after a crash. */
  readonly batch?: string;
  /** Ends it: what was taken until then stays. */
  readonly signal?: AbortSignal;
  /** Told after each chunk, in the order of the items. */
  readonly onProgress?: (progress: BatchAnswer) => void;
  /** Requests under way at the same time; 4 unless told. */
  readonly concurrency?: number;
}

/** An item that is no task; `item` counts from 0. */
export interface RefusedItem {
  readonly item: number;
  readonly code: string;
  readonly detail: string;
}

export interface BatchAnswer {
  readonly batch: string;
  readonly accepted: number;
  /** The first 1,000. */
  readonly refused: readonly RefusedItem[];
  /** How many more were refused. */
  readonly refusedMore: number;
}

interface Chunk {
  readonly number: number;
  /** Of its first item. */
  readonly first: number;
  readonly lines: readonly string[];
}

const MAX_REFUSED = 1000;
const encoder = new TextEncoder();

/** Streams tasks into a batch, chunk by chunk. The cuts depend on the items alone, so that the same ones go on. */
export async function enqueueBatch(
  client: Pick<MillraceClient, 'uploadChunk'>,
  items: Iterable<Enqueueable> | AsyncIterable<Enqueueable>,
  { queue = 'default', batch = crypto.randomUUID(), signal, onProgress, concurrency }: BatchOptions,
): Promise<BatchAnswer> {
  const refused: RefusedItem[] = [];
  let [accepted, refusedMore] = [0, 0];
  const answer = (): BatchAnswer => ({ batch, accepted, refused: [...refused], refusedMore });
  await uploadChunks(
    cut(items, signal),
    {
      upload: async ({ number, first, lines }) => {
        signal?.throwIfAborted();
        const body = encoder.encode(lines.join('\n'));
        const upload = { queue, batch, chunk: number, contentType: 'application/x-ndjson', body };
        return { first, ...(await uploadLines(client, upload)) };
      },
      onDone: (outcome) => {
        accepted += outcome.accepted;
        for (const { line, code, detail } of outcome.refused) {
          if (refused.length < MAX_REFUSED) refused.push({ item: outcome.first + line - 1, code, detail });
          else refusedMore += 1;
        }
        onProgress?.(answer());
      },
    },
    concurrency,
  );
  return answer();
}

async function* cut(
  items: Iterable<Enqueueable> | AsyncIterable<Enqueueable>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Chunk> {
  let [number, first, bytes] = [0, 0, 0];
  let lines: string[] = [];
  const close = (): Chunk => {
    const chunk = { number, first, lines };
    [number, first, bytes, lines] = [number + 1, first + lines.length, 0, []];
    return chunk;
  };
  for await (const item of signal && isAsync(items) ? abortable(items, signal) : items) {
    signal?.throwIfAborted();
    const line = toLine(item);
    const size = encoder.encode(line).length + 1;
    if (lines.length === MAX_CHUNK_TASKS || (lines.length > 0 && bytes + size > MAX_CHUNK_RAW_BYTES))
      yield close();
    lines.push(line);
    bytes += size;
  }
  if (lines.length > 0) yield close();
}

/** What is no JSON is refused by its number, as other bad items are. */
function toLine(item: unknown): string {
  try {
    return JSON.stringify(item) ?? 'null';
  } catch {
    return 'null'; // a BigInt, a cycle
  }
}

function isAsync(items: Iterable<unknown> | AsyncIterable<unknown>): items is AsyncIterable<Enqueueable> {
  return typeof items === 'object' && Symbol.asyncIterator in items;
}
