import { run } from '../test/support/processes.ts';

/**
 * What a worker is measured against: a fresh Node process that does nothing but start the same commands. Takes slots and
 * count; prints starts a second, and milliseconds of processor time a start, the children's included.
 */
export const BARE_LOOP = `
const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const [slots, count] = [Number(process.argv[1]), Number(process.argv[2])];
let [started, ended] = [0, 0];
const begin = performance.now();
const next = () => {
  if (started === count) return;
  started += 1;
  spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore' }).on('exit', () => {
    ended += 1;
    if (ended === count) {
      const perSecond = (count * 1000) / (performance.now() - begin);
      // utime, stime, cutime and cstime of proc(5), in ticks of 10 ms.
      const ticks = readFileSync('/proc/self/stat', 'latin1').split(') ')[1].split(' ').slice(11, 15);
      console.log(perSecond, (ticks.map(Number).reduce((sum, value) => sum + value) * 10) / count);
    }
    next();
  });
};
for (let slot = 0; slot < slots; slot += 1) next();
`;

/** Commands a second of a bare spawn loop, so many at a time. */
export async function measureBareSpawn(slots: number, count: number): Promise<number> {
  const { stdout } = await run(process.execPath, ['-e', BARE_LOOP, String(slots), String(count)]);
  return Math.round(Number(stdout.split(' ')[0]));
}
