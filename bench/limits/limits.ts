import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { measureBareSpawn } from '../bare-spawn.ts';
import { installed, mustRun } from '../install/cache-folder.ts';
import type { Contender } from '../rounds.ts';
import type { Context } from '../section.ts';

const C_LOOP = join(import.meta.dirname, 'c-fork.c');

/** Process starts with no queue around them: what no system that starts commands can go beyond. */
export async function limits(context: Context, slots: number, count: number): Promise<Contender<'rate'>[]> {
  return [
    ...(await cLoop(context, slots, count)),
    {
      who: 'no queue: xargs -P',
      measure: async () => {
        const begin = performance.now();
        const loop = `yes true | head -n ${count} | xargs -P ${slots} -n 1 sh -c`;
        await mustRun('/bin/sh', ['-c', loop]);
        return { rate: (count * 1000) / (performance.now() - begin) };
      },
    },
    {
      who: 'no queue: Node spawn',
      measure: async () => ({ rate: await measureBareSpawn(slots, count) }),
    },
  ];
}

/** Compiled here, with whatever compiler there is. It is called as `c-fork SLOTS COUNT` and prints starts a second. */
async function cLoop({ skip }: Context, slots: number, count: number): Promise<Contender<'rate'>[]> {
  if (!existsSync(C_LOOP)) return [];
  try {
    const folder = await installed('c-fork', { 'c-fork.c': C_LOOP }, async (path) => {
      await mustRun('cc', ['-O2', '-o', join(path, 'c-fork'), join(path, 'c-fork.c')]);
    });
    const measure = async () => ({
      rate: Number(await mustRun(join(folder, 'c-fork'), [String(slots), String(count)])),
    });
    return [{ who: 'no queue: C fork', measure }];
  } catch (error) {
    skip('no queue: C fork', (error as Error).message);
    return [];
  }
}
