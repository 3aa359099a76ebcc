/**
 * A fresh Node process that does nothing but start commands, outputs thrown away. Takes slots and count; prints starts a
 * second, and milliseconds of processor time a start, the commands and its own start included.
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
