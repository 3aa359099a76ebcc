import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const EXTENSION = /\.(ts|mts|js|mjs)$/;
const NO_DEFINITION = /^[._]|\.d\.m?ts$|\.(test|spec)\.m?[jt]s$/;

/**
 * The files of a folder that hold a definition each, by name. Subfolders, names with `_` or `.` before them, tests
 * and declarations hold none: they are for what definitions share.
 * @throws what the file system says, ENOENT for example
 */
export function findTaskFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && EXTENSION.test(entry.name) && !NO_DEFINITION.test(entry.name))
    .map(({ name }) => join(dir, name))
    .sort();
}
