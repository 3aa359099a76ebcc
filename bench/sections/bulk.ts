import { against, interleave, type Contender } from '../rounds.ts';
import type { Section } from '../section.ts';
import { noops } from '../workload.ts';

export const bulk: Section = {
  name: 'bulk',
  title: 'bulk enqueue of no-op commands, as the users of each do it',
  run: async (context) => {
    const tasks = noops(context.options.lines);
    const contenders = context.systems
      .filter(({ kinds, limits }) => kinds.includes('command') && limits?.['bulk'] !== 0)
      .map((system): Contender<'rate'> => ({
        who: system.name,
        measure: async () => {
          const session = await system.open();
          try {
            return { rate: (tasks.length * 1000) / (await session.enqueue('command', tasks)) };
          } finally {
            await session.close();
          }
        },
      }));
    const figures = await interleave(context, contenders);
    return [against(figures('rate'), { what: 'enqueued', unit: 'tasks/s', better: 'more' })];
  },
};
