import { join } from 'node:path';
import process from 'node:process';
import { installed, mustRun } from '../install/cache-folder.ts';
import type { Contender } from '../rounds.ts';
import type { Context } from '../section.ts';
import { BARE_LOOP } from './bare-spawn.ts';

/** Process starts: how many a second, and CPU ms of each, with that of the command. */
export type StartLoop = Contender<'rate' | 'cpu'>;

const C_LOOP = join(import.meta.dirname, 'c-fork.c');

/** A loop of Node's, and one of C where there is a compiler. */
export async function bareLoops(context: Context, slots: number, count: number): Promise<StartLoop[]> {
  const node = {
    who: 'no queue: Node spawn',
    measure: () => runLoop([process.execPath, '-e', BARE_LOOP], slots, count),
  };
  return [...(await cLoop(context, slots, count)), node];
}

/** Runs a program that takes slots and count and prints starts a second, then CPU ms a start. */
export async function runLoop(
  [program = '', ...args]: readonly string[],
  slots: number,
  count: number,
): Promise<{ rate: number; cpu: number }> {
  const said = await mustRun(program, [...args, String(slots), String(count)]);
  const [rate = NaN, cpu = NaN] = said.trim().split(' ').map(Number);
  return { rate, cpu };
}

async function cLoop({ skip }: Context, slots: number, count: number): Promise<StartLoop[]> {
  const who = 'no queue: C fork';
  try {
    const folder = await installed('c-fork', { 'c-fork.c': C_LOOP }, async (path) => {
      await mustRun('cc', ['-O2', '-o', join(path, 'c-fork'), join(path, 'c-fork.c')]);
    });
    return [{ who, measure: () => runLoop([join(folder, 'c-fork')], slots, count) }];
  } catch (error) {
    skip(who, (error as Error).message);
    return [];
  }
}
