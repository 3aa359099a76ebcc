import { join } from 'node:path';
import { median } from '../figures.ts';
import { openFunction, type BuiltFunction } from '../function/open-function.ts';
import { interleave } from '../rounds.ts';
import type { Section } from '../section.ts';

/** Starts of a round, beside the one that is kept warm. */
const STARTS = 3;

const ROWS = {
  bytes: { what: 'bundle, all files', unit: 'KB' },
  loadedBytes: { what: 'of it loaded for a task', unit: 'KB' },
  loadMs: { what: 'load', unit: 'ms' },
  initMs: { what: 'init', unit: 'ms' },
  firstMs: { what: 'first request', unit: 'ms' },
  getCpuMs: { what: 'CPU of a warm GET', unit: 'ms' },
  postCpuMs: { what: 'CPU of a warm POST', unit: 'ms' },
} as const;

type What = keyof typeof ROWS;

export const apiFunction: Section = {
  name: 'function',
  title: 'the API’s function as it is deployed',
  isAlone: true,
  run: async (context) => {
    const built = await openFunction(join(context.home, 'function'));
    try {
      const measure = () => measureOnce(built, context.options.requests);
      const figures = await interleave<What>(context, [{ who: 'millrace', measure }]);
      return (Object.keys(ROWS) as What[]).map((what) => ({
        ...ROWS[what],
        better: 'less' as const,
        figures: figures(what),
      }));
    } finally {
      await built.close();
    }
  },
};

async function measureOnce(built: BuiltFunction, requests: number): Promise<Record<What, number>> {
  const cold = [];
  for (let nth = 0; nth < STARTS; nth += 1) cold.push(await built.start(0));
  const { getMs = NaN, postMs = NaN } = await built.start(requests);
  return {
    bytes: built.bytes / 1000,
    loadedBytes: built.loadedBytes / 1000,
    loadMs: median(cold.map(({ loadMs }) => loadMs)),
    initMs: median(cold.map(({ initMs }) => initMs)),
    firstMs: median(cold.map(({ firstMs }) => firstMs)),
    getCpuMs: getMs,
    postCpuMs: postMs,
  };
}
