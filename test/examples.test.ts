import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { endAll, run } from './support/processes.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface Outcome {
  readonly exitCode: number;
  readonly promises: readonly { readonly says: string; readonly holds: boolean }[];
}

describe('the example of', { timeout: 120_000 }, () => {
  afterAll(endAll);

  test.each(names)('%s does what its forerunner promised', async (name) => {
    const { code, stdout, stderr } = await run(process.execPath, [join(EXAMPLES, 'main.ts'), name, '--json']);
    const [outcome] = JSON.parse(stdout) as Outcome[];
    expect(
      outcome?.promises.filter(({ holds }) => !holds),
      stderr,
    ).toEqual([]);
    expect(outcome?.promises.length).toBeGreaterThan(2);
    expect([code, outcome?.exitCode]).toEqual([0, 0]);
  });
});
