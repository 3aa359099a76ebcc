import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';

const count = z.int().nonnegative();

const recordSchema = z.object({
  version: z.literal(1),
  batch: z.string(),
  /** What is loaded: a load of anything else does not go on here. */
  of: z.object({
    queue: z.string(),
    path: z.string(),
    size: count,
    mtimeMs: z.number(),
    format: z.string(),
    timeoutSeconds: z.number().optional(),
    maxAttempts: z.number().optional(),
  }),
  /** All chunks before this one are in the batch. */
  next: z.object({ chunk: count, line: z.int().positive(), offset: count }),
  accepted: count,
  refused: z.array(z.object({ line: z.int().positive(), code: z.string(), detail: z.string() })),
  refusedMore: count,
});

/** How far the load of a file has come: what the next load of it goes on from when this one does not end. */
export type LoadRecord = z.infer<typeof recordSchema>;
export type LoadSubject = LoadRecord['of'];

/** Where the record of a load is kept: one place for each stack, queue and file. */
export function loadRecordPath(dataDir: string, identity: string, { queue, path }: LoadSubject): string {
  const name = createHash('sha256')
    .update(JSON.stringify([identity, queue, path]))
    .digest('hex')
    .slice(0, 32);
  return join(dataDir, 'loads', `${name}.json`);
}

/** The record at this place; undefined when there is none, or none that this version understands. */
export async function readLoadRecord(path: string): Promise<LoadRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // no JSON: nobody can go on from it
  }
}

export function isRecordOf(record: LoadRecord, subject: LoadSubject): boolean {
  return isDeepStrictEqual(record.of, JSON.parse(JSON.stringify(subject)));
}

/** Whole or not at all, and on the disk before it counts: the batch id in it is what makes a second run safe. */
export async function writeLoadRecord(path: string, record: LoadRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.${process.pid}.tmp`;
  const handle = await open(aside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(record));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, path);
}

export async function removeLoadRecord(path: string): Promise<void> {
  await rm(path, { force: true });
}
