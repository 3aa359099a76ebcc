import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const cachedSchema = z.object({ readAt: z.number(), outputs: z.record(z.string(), z.string()) });

/** What tells one deployed stack from all others. */
export interface StackAddress {
  readonly name: string;
  readonly region: string;
  /** Of an emulator. */
  readonly endpoint: string | undefined;
  /** Stands for the account: the id of the access key, which is no secret. */
  readonly accessKeyId: string;
}

/** A stack that is deployed anew may have another API: nobody uses the old one for longer. */
const MAX_AGE_MS = 5 * 60_000;

type Env = Readonly<Record<string, string | undefined>>;

/** The outputs of a stack as they were some minutes ago at most. */
export async function readCachedOutputs(
  address: StackAddress,
  env: Env,
  nowMs: number,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const cached = cachedSchema.parse(JSON.parse(await readFile(cachePath(address, env), 'utf8')));
    const ageMs = nowMs - cached.readAt;
    return ageMs >= 0 && ageMs < MAX_AGE_MS ? cached.outputs : undefined;
  } catch {
    return undefined; // not there, or of another version: it is read anew
  }
}

/** Keeps them, for this user alone. Where nothing can be written, every command asks. */
export async function cacheOutputs(
  address: StackAddress,
  outputs: Readonly<Record<string, string>>,
  env: Env,
  nowMs: number,
): Promise<void> {
  const path = cachePath(address, env);
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(cacheDir(env), { recursive: true, mode: 0o700 });
    await writeFile(aside, JSON.stringify({ readAt: nowMs, outputs }), { mode: 0o600 });
    await rename(aside, path);
  } catch {
    // a home that is read-only, or none
  }
}

function cacheDir(env: Env): string {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'millrace');
}

function cachePath({ name, region, endpoint, accessKeyId }: StackAddress, env: Env): string {
  const key = createHash('sha256').update(JSON.stringify([name, region, endpoint, accessKeyId]));
  return join(cacheDir(env), `stack-${key.digest('hex').slice(0, 32)}.json`);
}
