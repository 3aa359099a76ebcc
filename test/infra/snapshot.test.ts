import { expect, it } from 'vitest';
import { synthesise } from './synthesised.ts';

/** Names of assets are hashes of code, and their folders are this machine's. */
function masked(template: unknown): unknown {
  const text = JSON.stringify(template, (key, value: unknown) =>
    key === 'Metadata' || key === 'Rules' || key === 'Parameters' ? undefined : value,
  );
  return JSON.parse(text.replace(/[0-9a-f]{64}/g, 'HASH'));
}

it('the template of the default config is the one that was reviewed', async () => {
  const text = `${JSON.stringify(masked(synthesise().template.toJSON()), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('snapshots/default.template.json');
});
