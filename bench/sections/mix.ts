import { bestUtilisation, utilisation } from '../figures.ts';
import { measureMakespan } from '../makespan.ts';
import { against, contendersOf, interleave, LONG_ROUNDS } from '../rounds.ts';
import type { Section } from '../section.ts';
import { heavyTail, MIX, type Kind } from '../workload.ts';

const mixOf = (name: string, kind: Kind, noun: string): Section => ({
  name,
  title: `heavy-tailed mix as ${noun}, 90 % ${MIX.shortMs} ms and 10 % ${MIX.longMs / 1000} s, ${MIX.slots} at a time`,
  run: async (context) => {
    const tasks = heavyTail(context.options.mix);
    const workMs = tasks.map(({ ms }) => ms);
    const contenders = contendersOf<'utilisation'>(context, name, kind, async (system) => {
      const makespanMs = await measureMakespan(system, kind, MIX.slots, tasks);
      return { utilisation: utilisation(workMs, MIX.slots, makespanMs) };
    });
    const figures = await interleave(context, contenders, LONG_ROUNDS);
    const best = { who: 'first come, first served, at best', samples: [bestUtilisation(workMs, MIX.slots)] };
    return [
      against([...figures('utilisation'), best], {
        what: 'utilisation',
        unit: 'of 1',
        better: 'more',
      }),
    ];
  },
});

export const mixHandlers = mixOf('mix-handlers', 'handler', 'handlers');
export const mixCommands = mixOf('mix-commands', 'command', 'commands');
