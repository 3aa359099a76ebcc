import { join } from 'node:path';
import process from 'node:process';
import { buildStarter } from '../../src/worker/spawner/starter/find-starter.ts';
import { bareLoops, runLoop, type StartLoop } from '../limits/start-loops.ts';
import { against, interleave } from '../rounds.ts';
import type { Context, Section } from '../section.ts';

const SLOTS = 8;
const RUNNER_LOOP = join(import.meta.dirname, '../limits/runner-loop.ts');
const OURS = 'millrace’s runner, worker of 50 MB';

export const starts: Section = {
  name: 'starts',
  title: `process starts, ${SLOTS} at a time: by the worker’s runner alone, outputs captured, and by bare loops`,
  isAlone: true,
  run: async (context) => {
    const count = context.options.starts;
    const loops = [...(await runners(context, count)), ...(await bareLoops(context, SLOTS, count))];
    const figures = await interleave(context, loops);
    return [
      against(figures('rate'), { what: 'starts', unit: 'starts/s', better: 'more' }, OURS),
      against(figures('cpu'), { what: 'CPU', unit: 'ms/start', better: 'less' }, OURS),
    ];
  },
};

/** In a process that holds so much memory: without the starter the size of who forks counts. */
async function runners({ skip }: Context, count: number): Promise<StartLoop[]> {
  const runner = (who: string, heldMb: number, starter: 'none' | ''): StartLoop => {
    const env = ['env', `MILLRACE_STARTER=${starter}`];
    const loop = [...env, process.execPath, RUNNER_LOOP, String(heldMb)];
    return { who, measure: () => runLoop(loop, SLOTS, count) };
  };
  const withStarter = [runner(OURS, 50, ''), runner('the same, worker of 300 MB', 300, '')];
  const found = await buildStarter('');
  if ('why' in found) for (const { who } of withStarter) skip(who, found.why);
  return [...('path' in found ? withStarter : []), runner('without the starter, 50 MB', 50, 'none')];
}
