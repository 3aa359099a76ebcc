import { execFile } from 'node:child_process';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunAs } from './protocol.ts';
import type { RunFolder } from './run-folder.ts';

const run = promisify(execFile);

/** Empties a folder, also of what its owner may not write to (Go's module cache is such a thing). */
const EMPTY_SCRIPT = 'chmod -R u+rwX -- "$1"; rm -rf -- "$1"/* "$1"/.[!.]* "$1"/..?*';

/**
 * Removes the folder of a run: most programs leave nothing but their reports, which needs no tree walk.
 * Not synchronous like the rest of a run: ext4 was seen to take 1.6 ms for one `rmdir` under load.
 * @throws if something stays
 */
export async function removeRunFolder(folder: RunFolder, owner?: RunAs): Promise<void> {
  try {
    await rmdir(folder.work);
    await rmdir(folder.path);
  } catch {
    await removeFolder(folder.path, owner); // it holds something, or is gone
  }
}

/** Removes the folder of a whole spawner, whose programs are gone. @throws if something stays */
export async function removeRoot(root: string, owner?: RunAs): Promise<void> {
  for (const name of owner ? await readdir(root).catch(() => []) : []) {
    // What this leaves, the last line complains about.
    if (name !== 'pipes') await removeFolder(join(root, name), owner).catch(() => {});
  }
  await removeFolder(root);
}

/**
 * What was written as another user is removed as that user: a program that still lives could otherwise
 * replace a folder by a symbolic link while root walks the tree.
 */
async function removeFolder(path: string, owner?: RunAs): Promise<void> {
  try {
    if (!owner) return await rm(path, { recursive: true, force: true });
  } catch {
    // Something may not be written to: the script changes that.
  }
  await run('/bin/sh', ['-c', EMPTY_SCRIPT, 'sh', path], { env: {}, cwd: '/', ...owner });
  await rmdir(path);
}
