import { access, constants, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Something that is wrong with a data folder, and what to do about it. */
export interface DataDirProblem {
  readonly kind: 'folder' | 'disk';
  readonly message: string;
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
}

const OPEN_TO_OTHERS = 0o077;
const LEAST_FREE_BYTES = 200e6;
const MB = 1e6;

/** Looks at the data folder of a local stack: whose it is, who may read it, and whether there is room. */
export async function checkDataDir(dataDir: string): Promise<readonly DataDirProblem[]> {
  const problems: DataDirProblem[] = [];
  const folder = (message: string, expected: string, got: string, hint: string) =>
    void problems.push({ kind: 'folder', message, expected, got, hint });
  const found = await stat(dataDir).catch(() => undefined);
  if (!found?.isDirectory()) {
    folder(
      `there is no data folder ${dataDir}`,
      'a folder',
      found ? 'a file' : 'nothing',
      'Start a stack here, or name its folder with MILLRACE_DATA.',
    );
    return problems;
  }
  if (process.platform !== 'win32') {
    if (found.uid !== process.getuid?.())
      folder(
        `the data folder ${dataDir} is another user's`,
        `user ${process.getuid?.()}`,
        `user ${found.uid}`,
        'Run the stack as its owner, or with another folder.',
      );
    for (const [path, wanted] of [
      [dataDir, '0700'],
      [join(dataDir, 'key'), '0600'],
      [join(dataDir, 'stack.json'), '0600'],
    ] as const) {
      const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
      if ((mode & OPEN_TO_OTHERS) !== 0)
        folder(
          `others may read ${path}`,
          wanted,
          `0${(mode & 0o777).toString(8)}`,
          `chmod ${wanted.slice(1)} it; if somebody can have read the key, stop the stack and delete the file \`key\`: the next start makes a new one.`,
        );
    }
  }
  const isWritable = await access(dataDir, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable)
    folder(
      `${dataDir} cannot be written to`,
      'a folder to write in',
      'one that is read-only',
      'Check its permissions and those of its file system.',
    );
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free < LEAST_FREE_BYTES)
    problems.push({
      kind: 'disk',
      message: `the disk of ${dataDir} is nearly full`,
      expected: `${LEAST_FREE_BYTES / MB} MB free`,
      got: `${Math.round(free / MB)} MB`,
      hint: 'Make room: without it the stack can store nothing, and refuses what is enqueued.',
    });
  return problems;
}
