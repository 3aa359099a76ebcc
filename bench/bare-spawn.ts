import { run } from '../test/support/processes.ts';

/** What a worker is measured against: a fresh Node process that does nothing but start the same commands. */
export const SPAWN_LOOP = `
const { spawn } = require('node:child_process');
const [slots, count] = [Number(process.argv[1]), Number(process.argv[2])];
let [started, ended] = [0, 0];
const begin = performance.now();
const next = () => {
  if (started === count) return;
  started += 1;
  spawn('/bin/sh', ['-c', 'true'], { stdio: 'ignore' }).on('exit', () => {
    ended += 1;
    if (ended === count) console.log((count * 1000) / (performance.now() - begin));
    next();
  });
};
for (let slot = 0; slot < slots; slot += 1) next();
`;

/** Commands a second of a bare spawn loop, so many at a time. */
export async function measureBareSpawn(slots: number, count: number): Promise<number> {
  const { stdout } = await run(process.execPath, ['-e', SPAWN_LOOP, String(slots), String(count)]);
  return Math.round(Number(stdout));
}
