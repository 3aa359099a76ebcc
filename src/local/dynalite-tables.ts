import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** What is used of `level`, dynalite's own dependency, which must be the very version that wrote the data. */
interface Level {
  open(): Promise<void>;
  iterator(range: { gte: string; lt: string }): AsyncIterable<[string, StoredTable]>;
  put(key: string, table: StoredTable): Promise<void>;
  close(): Promise<void>;
}

interface StoredTable {
  TableStatus: string;
  GlobalSecondaryIndexes?: { IndexStatus: string }[];
}

/**
 * Opens dynalite's LevelDB before dynalite does, for two things that it cannot do itself: a database in another
 * process's hands becomes an error now (dynalite would fail each request), and a table whose creation was
 * cut short by a kill becomes usable (it would stay CREATING for ever; dynalite makes it ACTIVE by a timer).
 * @throws Error when another process has the database open.
 */
export async function mendTables(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const require = createRequire(createRequire(import.meta.url).resolve('dynalite'));
  const { Level } = require('level') as { Level: new (path: string, options: object) => Level };
  const db = new Level(dataDir, { valueEncoding: 'json' });
  await db.open().catch((error: unknown) => {
    throw toOpenError(error, dataDir);
  });
  try {
    for await (const [key, table] of db.iterator({ gte: 'table~', lt: 'table~\xff' })) {
      if (table.TableStatus === 'ACTIVE') continue;
      for (const index of table.GlobalSecondaryIndexes ?? []) index.IndexStatus = 'ACTIVE';
      await db.put(key, { ...table, TableStatus: 'ACTIVE' });
    }
  } finally {
    await db.close();
  }
}

function toOpenError(error: unknown, dataDir: string): unknown {
  const cause = (error as { cause?: { code?: string } }).cause;
  if (cause?.code !== 'LEVEL_LOCKED') return error;
  return new Error(
    `Expected the database in ${dataDir} to be free, but another process holds it: ` +
      'stop the stack that runs on this folder, or give this one another folder.',
    { cause: error },
  );
}
