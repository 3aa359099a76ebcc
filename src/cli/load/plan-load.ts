import type { MillraceClient } from '../../client/millrace-client.ts';
import { MillraceError } from '../../core/errors.ts';
import type { Target } from '../find-target.ts';
import { amountOf } from '../../core/amounts.ts';
import { FIRST_CHUNK } from './chunker.ts';
import {
  isRecordOf,
  loadRecordPath,
  readLoadRecord,
  type LoadRecord,
  type LoadSubject,
} from './load-record.ts';
import type { InputFile } from './open-input.ts';

/** How a load goes: into which batch, and from where on. */
export interface LoadPlan {
  readonly batch: string;
  /** What was done before: of nothing for a new load. */
  readonly done: Pick<LoadRecord, 'next' | 'accepted' | 'refused' | 'refusedMore'>;
  /** Where to keep how far it has come; undefined for what cannot be read a second time. */
  readonly record: { readonly path: string; readonly of: LoadSubject } | undefined;
  /** What to tell the user. */
  readonly notice: string | undefined;
}

/** `text`: a command a line. */
export type LoadFormat = 'text' | 'ndjson';

export interface LoadSettings {
  readonly queue: string;
  readonly format: LoadFormat;
  readonly timeoutSeconds: number | undefined;
  readonly maxAttempts: number | undefined;
  /** A batch that the caller named: sending the same input into it again is safe. */
  readonly batch: string | undefined;
  /** Do not go on with an earlier load. */
  readonly fresh: boolean;
}

const NOTHING_DONE = { next: FIRST_CHUNK, accepted: 0, refused: [], refusedMore: 0 };

/** Finds out whether an earlier load of the same file was left unfinished, and goes on with it if so. */
export async function planLoad(
  client: Pick<MillraceClient, 'readBatch'>,
  target: Pick<Target, 'dataDir' | 'identity'>,
  file: InputFile | undefined,
  settings: LoadSettings,
  newId: () => string,
): Promise<LoadPlan> {
  const { queue, format, timeoutSeconds, maxAttempts } = settings;
  if (settings.batch !== undefined || !file) {
    return { batch: settings.batch ?? newId(), done: NOTHING_DONE, record: undefined, notice: undefined };
  }
  const of: LoadSubject = { queue, ...file, format, timeoutSeconds, maxAttempts };
  const path = loadRecordPath(target.dataDir, target.identity, of);
  const earlier = settings.fresh ? undefined : await readLoadRecord(path);
  const record = { path, of };
  if (!earlier) return { batch: newId(), done: NOTHING_DONE, record, notice: undefined };
  if (!isRecordOf(earlier, of)) {
    const notice = `An unfinished load of this file, as it was then or with other options, is left as it is: batch ${earlier.batch}, ${amountOf(earlier.accepted, 'task')}.`;
    return { batch: newId(), done: NOTHING_DONE, record, notice };
  }
  if (await isStillThere(client, earlier)) {
    const notice = `Going on with batch ${earlier.batch} at line ${earlier.next.line}; --fresh starts anew.`;
    return { batch: earlier.batch, done: earlier, record, notice };
  }
  const notice = `Sending batch ${earlier.batch} again from its first line: not all of it is there. --fresh starts anew.`;
  return { batch: earlier.batch, done: NOTHING_DONE, record, notice };
}

/** A stack in memory forgets its batches when it stops. Chunks that are there are not taken twice in any case. */
async function isStillThere(client: Pick<MillraceClient, 'readBatch'>, record: LoadRecord): Promise<boolean> {
  if (record.accepted === 0) return true;
  try {
    return (await client.readBatch(record.batch)).total >= record.accepted;
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'unknown_batch') return false;
    throw error;
  }
}
