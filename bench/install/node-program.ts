import { join } from 'node:path';
import process from 'node:process';
import { installed, mustRun } from './cache-folder.ts';

const PEERS = join(import.meta.dirname, '../peers');

/** A peer on Node, with its packages as its lock file says. @returns its folder */
export async function installNodeProgram(peer: string): Promise<string> {
  const here = join(PEERS, peer);
  const files = {
    'package.json': join(here, 'package.json'),
    'package-lock.json': join(here, 'package-lock.json'),
    'worker.mjs': join(here, 'worker.mjs'),
    'produce.mjs': join(here, 'produce.mjs'),
    'tasks.mjs': join(PEERS, 'node/tasks.mjs'),
  };
  return installed(peer, files, async (folder) => {
    await mustRun('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  });
}

export const NODE = process.execPath;
