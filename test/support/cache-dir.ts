import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the suites keep what takes long to make, between runs and outside the checkout. */
export function cacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'millrace');
}

/**
 * The entry `name` of the cache folder, made when it is not there yet. Name the versions of what is in it.
 * It appears whole or not at all: two runs may make it at once, and the first one stays.
 * @param make fills the path that it is given: a folder, or a file that it creates in there as `file`
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const path = join(cacheDir(), name);
  if (await exists(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(`${path}.making-`);
  try {
    await make(folder);
    await rename(folder, path).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error;
    });
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
