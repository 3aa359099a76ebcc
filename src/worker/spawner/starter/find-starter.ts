import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE_FILES = ['starter.c', 'folders.h', 'frames.h'] as const;

/** What it takes to build it. They lie beside this file in a checkout, and beside what it was bundled into elsewhere. */
export const STARTER_FILES = [...SOURCE_FILES, 'build-starter.sh'] as const;
const FOLDER = dirname(fileURLToPath(import.meta.url));

/** It takes 0.3 s. */
const BUILD_MS = 20_000;

/** The starter to use, or why Node itself starts the programs. */
export type FoundStarter = { path: string } | { why: string };

/**
 * Looks for a starter that was built of this very source for this machine.
 * @param wanted the value of MILLRACE_STARTER: `none` says not to use one
 */
export function findStarter(
  wanted: string | undefined = process.env['MILLRACE_STARTER'],
  path = builtPath(),
): FoundStarter {
  if (wanted === 'none') return { why: 'MILLRACE_STARTER is none' };
  try {
    const { uid, mode } = statSync(path);
    if ((uid !== 0 && uid !== process.geteuid?.()) || (mode & 0o022) !== 0)
      return { why: `${path} belongs to, or may be written by, another user` };
    accessSync(path, constants.X_OK);
    return { path };
  } catch {
    return { why: `no starter was built for ${process.platform} on ${process.arch}` };
  }
}

/** Says what it was built of and for, so that no other is ever taken for it. */
function builtPath(): string {
  const hash = createHash('sha256');
  for (const file of SOURCE_FILES) {
    const path = join(FOLDER, file);
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  return join(FOLDER, `starter-${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 16)}`);
}

/**
 * Builds the starter where there is a C compiler and none was built yet. Never fails: Node starts the programs where
 * there is none.
 */
export async function buildStarter(
  wanted: string | undefined = process.env['MILLRACE_STARTER'],
): Promise<FoundStarter> {
  const found = findStarter(wanted);
  if ('path' in found || wanted === 'none') return found;
  try {
    await promisify(execFile)('/bin/sh', [join(FOLDER, 'build-starter.sh'), FOLDER], {
      timeout: BUILD_MS,
      env: { PATH: process.env['PATH'] },
    });
    return findStarter(wanted);
  } catch {
    return { why: `${found.why}, and it could not be built: is there a C compiler?` };
  }
}
