import { execFile } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { RunAs } from './protocol.ts';

const run = promisify(execFile);

/** Folders may be unwritable to their owner (Go's module cache is): a second try changes that first. */
const EMPTY_SCRIPT =
  'rm -rf -- "$1"/* "$1"/.[!.]* "$1"/..?* || { chmod -R u+rwX -- "$1"; rm -rf -- "$1"/* "$1"/.[!.]* "$1"/..?*; }';

/**
 * Removes a folder and all that a program left in it.
 *
 * What was written as another user is removed as that user: a program that still lives could otherwise
 * replace a folder by a symbolic link while root walks the tree. @throws if something stays
 */
export async function removeFolder(path: string, owner?: RunAs): Promise<void> {
  if (!owner) {
    try {
      return await rm(path, { recursive: true, force: true });
    } catch {
      // Something unwritable: the script knows what to do.
    }
  }
  await run('/bin/sh', ['-c', EMPTY_SCRIPT, 'sh', path], { env: {}, cwd: '/', ...owner });
  rmdirSync(path);
}
