import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const KEY_BYTES = 32;

/** 256 bits in base64url, of which the letters, digits and `_` that AWS allows in an access key id. */
const KEY_PATTERN = /^\w{43}$/;

/** Permission bits that let in somebody else than the owner. */
const OPEN_TO_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The key of the stack that lives in a data folder, made at its first start and kept across starts, so that
 * an environment that was set up once stays good. Makes the folder (0700) and the file `key` (0600).
 * @throws Error when the folder or the key is not this user's alone. A key that others may have read is refused,
 *   not repaired: closing the file takes back nothing, and only its owner knows who else is on the machine.
 */
export async function ensureKey(dataDir: string): Promise<string> {
  await ensureDataDir(dataDir);
  const path = join(dataDir, 'key');
  return (await readKey(path)) ?? (await createKey(path));
}

/**
 * Makes the data folder, or narrows an older one to its owner. Only a folder that is empty or already has a key
 * is narrowed: `MILLRACE_DATA` may name any folder by mistake, and its permissions are then not ours to change.
 * @throws Error when it is another user's, or others may write in it, or it holds something else.
 */
export async function ensureDataDir(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { uid, mode } = await stat(dataDir);
  if (process.platform === 'win32') return;
  const refuse = (problem: string): Error =>
    new Error(`Expected the data folder ${dataDir} to be this user's alone, but ${problem}: name a new one.`);
  if (uid !== process.getuid?.()) throw refuse(`it belongs to user ${uid}`);
  if ((mode & WRITABLE_BY_OTHERS) !== 0) throw refuse('others may write in it');
  if ((mode & OPEN_TO_OTHERS) === 0) return;
  const files = await readdir(dataDir);
  if (files.length > 0 && !files.includes('key'))
    throw refuse('others may read it, and it holds other files');
  await chmod(dataDir, 0o700);
}

async function readKey(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (process.platform !== 'win32' && (found.mode & OPEN_TO_OTHERS) !== 0) {
    throw new Error(
      `Expected the key ${path} to have mode 0600, got 0${(found.mode & 0o777).toString(8)}: ` +
        'delete it and the next start makes a new one, or `chmod 600` it if nobody else can have read it.',
    );
  }
  const key = (await readFile(path, 'utf8')).trim();
  if (!KEY_PATTERN.test(key)) {
    throw new Error(
      `Expected 43 letters, digits or "_" in ${path}: delete it and the next start makes a new key.`,
    );
  }
  return key;
}

/** Written aside and then linked: of two that start at once one wins, and nobody ever reads half a key. */
async function createKey(path: string): Promise<string> {
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(aside, `${makeKey()}\n`, { mode: 0o600, flag: 'wx' });
    await link(aside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(aside, { force: true });
  }
  return (await readKey(path)) ?? createKey(path);
}

/** Draws until there is no `-` in it (every second time); that costs one bit of the 256. */
function makeKey(): string {
  for (;;) {
    const key = randomBytes(KEY_BYTES).toString('base64url');
    if (KEY_PATTERN.test(key)) return key;
  }
}
