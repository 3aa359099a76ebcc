import { measureLoad } from '../measure-load.ts';
import { interleave } from '../rounds.ts';
import type { Section } from '../section.ts';

export const load: Section = {
  name: 'load',
  title: 'a file of commands loaded by `millrace load`, its start included',
  run: async (context) => {
    const measure = async () => {
      const { perSecond, loaderMiB } = await measureLoad(context.options.lines, 1);
      return { rate: perSecond, memory: loaderMiB };
    };
    const figures = await interleave<'rate' | 'memory'>(context, [{ who: 'millrace', measure }]);
    return [
      { what: 'loaded', unit: 'tasks/s', figures: figures('rate') },
      { what: 'memory of the loader, peak', unit: 'MiB', figures: figures('memory') },
    ];
  },
};
