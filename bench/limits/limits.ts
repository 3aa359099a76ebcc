import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { BARE_LOOP } from '../bare-spawn.ts';
import { installed, mustRun } from '../install/cache-folder.ts';
import type { Contender } from '../rounds.ts';
import type { Context } from '../section.ts';

const C_LOOP = join(import.meta.dirname, 'c-fork.c');

type Limit = Contender<'rate' | 'cpu'>;

/**
 * Process starts with no queue around them, outputs thrown away: what no system that starts commands goes beyond.
 * Their CPU is that of the whole loop, its own start included.
 */
export async function limits(context: Context, slots: number, count: number): Promise<Limit[]> {
  return [
    ...(await cLoop(context, slots, count)),
    {
      who: 'no queue: xargs -P',
      measure: async () => {
        const begin = performance.now();
        const loop = `yes true | head -n ${count} | xargs -P ${slots} -n 1 sh -c`;
        const { cpuMs } = await withCpu('/bin/sh', ['-c', loop]);
        return { rate: (count * 1000) / (performance.now() - begin), cpu: cpuMs / count };
      },
    },
    {
      who: 'no queue: Node spawn',
      measure: async () => {
        const loop = ['-e', BARE_LOOP, String(slots), String(count)];
        const { stdout, cpuMs } = await withCpu(process.execPath, loop);
        return { rate: Number(stdout.split(' ')[0]), cpu: cpuMs / count };
      },
    },
  ];
}

/** Compiled here, with the compiler that there is: `c-fork SLOTS COUNT` prints starts a second and CPU ms a start. */
async function cLoop({ skip }: Context, slots: number, count: number): Promise<Limit[]> {
  if (!existsSync(C_LOOP)) return [];
  try {
    const folder = await installed('c-fork', { 'c-fork.c': C_LOOP }, async (path) => {
      await mustRun('cc', ['-O2', '-o', join(path, 'c-fork'), join(path, 'c-fork.c')]);
    });
    const measure = async () => {
      const said = await mustRun(join(folder, 'c-fork'), [String(slots), String(count)]);
      const [rate = NaN, cpu = NaN] = said.trim().split(' ').map(Number);
      return { rate, cpu };
    };
    return [{ who: 'no queue: C fork', measure }];
  } catch (error) {
    skip('no queue: C fork', (error as Error).message);
    return [];
  }
}

/** Runs a program to its end, and asks a shell what it and its children used. */
async function withCpu(program: string, args: readonly string[]): Promise<{ stdout: string; cpuMs: number }> {
  const said = await mustRun('/bin/sh', ['-c', '"$@"; times', 'sh', program, ...args]);
  const lines = said.trimEnd().split('\n');
  // The second line of `times` is that of the children: `0m1.230s 0m0.450s`.
  const spent = [...(lines.pop() ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  lines.pop();
  const seconds = spent.reduce((sum, [, minutes, rest]) => sum + 60 * Number(minutes) + Number(rest), 0);
  return { stdout: lines.join('\n'), cpuMs: 1000 * seconds };
}
