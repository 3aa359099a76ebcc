import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureKey } from '../../src/local/stack-key.ts';
import { makeTempDir } from './temp-dir.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

function makeDir(mode: number): string {
  const dir = join(makeTempDir(), 'data');
  mkdirSync(dir);
  chmodSync(dir, mode);
  return dir;
}

describe('the key', () => {
  it('is made with its folder, for this user alone, and kept', async () => {
    const dir = join(makeTempDir(), 'a', '.millrace');
    const key = await ensureKey(dir);
    expect(key).toMatch(/^\w{43}$/);
    expect(new URL(`http://millrace:${key}@127.0.0.1:1`).password).toBe(key);
    expect([modeOf(dir), modeOf(join(dir, 'key'))]).toEqual([0o700, 0o600]);
    expect(await ensureKey(dir)).toBe(key);
    expect(await ensureKey(makeDir(0o700))).not.toBe(key);
  });

  it('is the same for all who ask for it at once, and leaves no other file', async () => {
    const dir = join(makeTempDir(), 'data');
    const keys = await Promise.all(Array.from({ length: 8 }, () => ensureKey(dir)));
    expect(new Set(keys).size).toBe(1);
    expect(readdirSync(dir)).toEqual(['key']);
  });

  it('is refused when others may read it', async () => {
    const dir = makeTempDir();
    await ensureKey(dir);
    chmodSync(join(dir, 'key'), 0o640);
    await expect(ensureKey(dir)).rejects.toThrow(/key to have mode 0600, got 0640: delete it/);
  });

  it.each(['', 'short', `${'a'.repeat(42)}-`])('is refused when its file holds "%s"', async (content) => {
    const dir = makeTempDir();
    writeFileSync(join(dir, 'key'), content, { mode: 0o600 });
    await expect(ensureKey(dir)).rejects.toThrow(/Expected 43 letters/);
  });
});

describe('the data folder', () => {
  it('is narrowed when it is empty or has a key', async () => {
    const dir = makeDir(0o755);
    const key = await ensureKey(dir);
    expect(modeOf(dir)).toBe(0o700);
    chmodSync(dir, 0o755);
    expect(await ensureKey(dir)).toBe(key);
    expect(modeOf(dir)).toBe(0o700);
  });

  it('is refused, and left as it was, when it holds something else', async () => {
    const dir = makeDir(0o755);
    writeFileSync(join(dir, 'thesis.txt'), '');
    await expect(ensureKey(dir)).rejects.toThrow(
      /others may read it, and it holds other files: name a new one/,
    );
    expect(modeOf(dir)).toBe(0o755);
    expect(readdirSync(dir)).toEqual(['thesis.txt']);
  });

  it('is refused when others may write in it', async () => {
    await expect(ensureKey(makeDir(0o777))).rejects.toThrow(/others may write in it/);
  });

  it.runIf(process.getuid?.() !== 0)('is refused when it is another user’s', async () => {
    await expect(ensureKey('/')).rejects.toThrow(/it belongs to user 0/);
  });
});
