import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What it is built of. */
export const STARTER_FILES = ['starter.c', 'build-starter.sh'] as const;

/** They lie beside this file in a checkout, and beside what it was bundled into everywhere else. */
const SOURCE = fileURLToPath(new URL('./starter.c', import.meta.url));
const BUILD_SCRIPT = fileURLToPath(new URL('./build-starter.sh', import.meta.url));

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
  const source = existsSync(SOURCE) ? readFileSync(SOURCE) : '';
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16);
  return join(dirname(SOURCE), `starter-${process.platform}-${process.arch}-${hash}`);
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
    await promisify(execFile)('/bin/sh', [BUILD_SCRIPT, SOURCE, dirname(SOURCE)], {
      timeout: BUILD_MS,
      env: { PATH: process.env['PATH'] },
    });
    return findStarter(wanted);
  } catch {
    return { why: `${found.why}, and it could not be built: is there a C compiler?` };
  }
}
