import { expect, test, vi } from 'vitest';
import { parseOptions } from '../../bench/options.ts';
import { SECTIONS } from '../../bench/sections/all-sections.ts';
import { openSystems } from '../../bench/systems/open-systems.ts';

test('what measures Millrace alone has no peer installed', async () => {
  const alone = SECTIONS.filter(({ isAlone }) => isAlone);
  expect(alone.map(({ name }) => name)).toEqual(['load', 'starts', 'calls', 'worker-cpu', 'function']);
  const options = parseOptions([], { sections: [], peers: [] });
  const [say, skip] = [vi.fn(), vi.fn()];
  const inner = { options, home: '', stopping: AbortSignal.abort(), say, skip, fail() {}, version() {} };
  const systems = await openSystems(inner, alone);
  expect(systems.map(({ name }) => name)).toEqual(['millrace']);
  expect(say).not.toHaveBeenCalled();
});
