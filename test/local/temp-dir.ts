import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of the test's own (0700), removed when the test ends. */
export function makeTempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-local-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
