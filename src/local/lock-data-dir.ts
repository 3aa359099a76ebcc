import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { readStackFile } from './stack-file.ts';
import { ensureDataDir } from './stack-key.ts';

/** That this process, and no other, runs a stack on a folder. */
export interface DataDirLock {
  /** Lets go; the process's end does so too, however it ends. */
  readonly release: () => void;
}

/** Locks that nobody refers to would be closed by the garbage collector, and so let go. */
const held = new Set<DatabaseSync>();

/**
 * Takes the folder for this process, for as long as it lives. The lock is the kernel's, by way of SQLite (Node
 * itself has none): the kernel drops it when the holder dies, by `kill -9` too, so there is no stale lock to
 * judge by a pid that may have been reused, and no moment in which two may both take it over.
 * @throws Error that names the running stack when another holds it.
 */
export async function lockDataDir(dataDir: string): Promise<DataDirLock> {
  await ensureDataDir(dataDir);
  const database = new DatabaseSync(join(dataDir, 'lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!/database is locked/.test(String(error))) throw error;
    throw await toHeldError(error, dataDir);
  }
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

async function toHeldError(cause: unknown, dataDir: string): Promise<Error> {
  // That the folder is held is the news; who holds it is an extra that may be missing.
  const stack = await readStackFile(dataDir).catch(() => undefined);
  const holder = stack === undefined ? 'another start' : `the stack of process ${stack.pid}`;
  return new Error(
    `Expected the data folder ${dataDir} to be free, but ${holder} holds it: ` +
      'use that stack, stop it, or name another folder with --data or MILLRACE_DATA.',
    { cause },
  );
}
