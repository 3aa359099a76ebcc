import { statSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

const port = z.int().min(1).max(65535);

const stackSchema = z.object({
  pid: z.int().positive(),
  /** ISO 8601, UTC. With the pid it tells one start from another. */
  startedAt: z.iso.datetime(),
  /** With the key: `http://millrace:KEY@127.0.0.1:PORT`. */
  api: z.url(),
  /** Without the key; it is the access key id to sign with. */
  sqs: z.url(),
  dynamodb: z.url(),
  region: z.string().min(1),
  ports: z.object({ api: port, sqs: port, dynamodb: port }),
  /** Whether its queues and tasks are gone when it stops. */
  memory: z.boolean(),
});

/** A running local stack, as `stack.json` in its data folder tells the CLI and the workers. */
export type Stack = z.infer<typeof stackSchema>;

const DEFAULT_DATA_DIR = '.millrace';
const stackPath = (dataDir: string): string => join(dataDir, 'stack.json');

/** Announces a stack: mode 0600, since it holds the key, and by a rename, so that nobody reads half of it. */
export async function writeStackFile(dataDir: string, stack: Stack): Promise<void> {
  const aside = `${stackPath(dataDir)}.${stack.pid}.tmp`;
  await rm(aside, { force: true });
  await writeFile(aside, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(aside, stackPath(dataDir));
}

/**
 * The stack that last announced itself in a folder, if any; whether it still runs, `isAlive` tells.
 * @throws Error when the file is there and cannot be understood.
 */
export async function readStackFile(dataDir: string): Promise<Stack | undefined> {
  const text = await readFile(stackPath(dataDir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return stackSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(
      `Expected ${stackPath(dataDir)} to describe a stack of this version of Millrace: ` +
        'delete it if no stack runs there, else stop that stack.',
      { cause },
    );
  }
}

/** Withdraws a stack's own announcement; another's, which began since, stays. */
export async function removeStackFile(dataDir: string, own: Pick<Stack, 'pid' | 'startedAt'>): Promise<void> {
  // What cannot be understood was not written by this start, so it is not this start's to remove.
  const stack = await readStackFile(dataDir).catch(() => undefined);
  if (stack?.pid === own.pid && stack.startedAt === own.startedAt)
    await rm(stackPath(dataDir), { force: true });
}

/**
 * The data folder that a command run in `startDir` means: `MILLRACE_DATA`, else the nearest `.millrace` upwards
 * that a stack was announced in, else `.millrace` right there.
 * A folder of another user's is passed over unless it is named: in a shared place, such as the one for temporary
 * files, it would have this user's worker run that user's commands.
 */
export function findDataDir(startDir: string, env: Readonly<Record<string, string | undefined>>): string {
  const named = env['MILLRACE_DATA'];
  if (named) return resolve(startDir, named);
  for (let dir = resolve(startDir); ; dir = dirname(dir)) {
    const candidate = join(dir, DEFAULT_DATA_DIR);
    if (isOwn(candidate) && isOwn(stackPath(candidate))) return candidate;
    if (dir === dirname(dir)) return resolve(startDir, DEFAULT_DATA_DIR);
  }
}

function isOwn(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (process.platform === 'win32' || found.uid === process.getuid?.());
}

/**
 * Whether an announced stack still runs: its process lives, and its API knows its key. A pid, or a port, may
 * belong to somebody else by now; both at once, with the key, do not. An API that reports trouble (503) is alive.
 */
export async function isAlive(stack: Stack, { timeoutMs = 2_000 } = {}): Promise<boolean> {
  if (!isProcessAlive(stack.pid)) return false;
  const url = new URL('/healthz', stack.api);
  const authorization = `Basic ${btoa(`${url.username}:${url.password}`)}`;
  // `fetch` takes no URL with a user in it.
  url.username = url.password = '';
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { headers: { authorization }, redirect: 'error', signal });
    await response.body?.cancel();
    return response.ok || response.status === 503;
  } catch {
    // Refused, cut or too late: whatever listens there does not do this stack's work.
    return false;
  }
}

function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
