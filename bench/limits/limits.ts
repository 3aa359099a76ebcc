import { mustRun } from '../install/cache-folder.ts';
import type { Context } from '../section.ts';
import { bareLoops, type StartLoop } from './start-loops.ts';

/**
 * Process starts with no queue around them, outputs thrown away: what no system that starts commands goes beyond.
 * Their CPU is that of the whole loop, its own start included.
 */
export async function limits(context: Context, slots: number, count: number): Promise<StartLoop[]> {
  const loop = `yes true | head -n ${count} | xargs -P ${slots} -n 1 sh -c`;
  const xargs = {
    who: 'no queue: xargs -P',
    measure: async () => {
      const begin = performance.now();
      // The second line of `times` is that of the shell's children: `0m1.230s 0m0.450s`.
      const said = await mustRun('/bin/sh', ['-c', `${loop}; times`]);
      const rate = (count * 1000) / (performance.now() - begin);
      const spent = [...(said.trimEnd().split('\n').pop() ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
      const seconds = spent.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
      return { rate, cpu: (1000 * seconds) / count };
    },
  };
  return [xargs, ...(await bareLoops(context, slots, count))];
}
