import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { run } from '../../test/support/processes.ts';

/** Where the bench keeps what it installs, between runs and outside the checkout. Not in a run's own TMPDIR. */
const CACHE = process.env['MILLRACE_BENCH_CACHE'] || join(tmpdir(), 'millrace-bench-cache');

/**
 * A folder of the cache that depends on these files and nothing else, made when it is not there yet.
 * It appears whole or not at all.
 * @param make fills the folder, in which the files are already
 */
export async function installed(
  name: string,
  files: Readonly<Record<string, string>>,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}`);
  const contents = await Promise.all(
    Object.entries(files).map(async ([target, source]) => [target, await readFile(source)] as const),
  );
  for (const [target, content] of contents) hash.update(`\n${target}\n`).update(content);
  const path = join(CACHE, `${name}-${hash.digest('hex').slice(0, 12)}`);
  if (await exists(path)) return path;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(`${path}.making-`);
  try {
    for (const [target, source] of Object.entries(files)) {
      await copyFile(source, join(folder, target));
    }
    await make(folder);
    await rename(folder, path).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error; // another run was first
    });
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws Error with what it printed, unless it exits 0 */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: Parameters<typeof run>[2] = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) {
    const said = `${stdout}${stderr}`.trim().slice(-500);
    throw new Error(`${[program, ...args].join(' ')} exited ${code}: ${said}`);
  }
  return stdout;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
