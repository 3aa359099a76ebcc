import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { readStat } from '../../../src/worker/spawner/process-table.ts';
import { endAll, start, until } from '../../support/processes.ts';
import { FIXTURES, eachWay, endRunners, starterEnv, isAlive, readPids, tempDir } from './use-runner.ts';

afterEach(endAll);
afterEach(endRunners);

/** Starts a worker process with eight commands that would run for minutes, and waits for all to be there. */
async function startWorker(env: Record<string, string> = {}) {
  const folder = tempDir();
  const pidFile = (name: string): string => join(folder, name);
  const commands = [
    ...['a', 'b', 'c'].map((name) => `echo $$ $$ > ${pidFile(name)}; exec sleep 300`),
    ...['d', 'e', 'f'].map((name) => `exec ${join(FIXTURES, 'ignores-term.sh')} ${pidFile(name)}`),
    // A grandchild whose parent has gone, and a child in a session of its own.
    `(sleep 300 & echo $$ $! > ${pidFile('g')}); sleep 300`,
    `setsid sh -c 'echo $$ $$ > ${pidFile('h')}; exec sleep 300' & wait`,
  ];
  const scratchDir = join(folder, 'scratch');
  const worker = start(process.execPath, [join(FIXTURES, 'worker.ts'), scratchDir, ...commands], {
    detached: true,
    env: { ...starterEnv(), ...env },
  });
  const spawner = await until('the programs to start', () => {
    const line = /\{.*\}\n/.exec(worker.stdout())?.[0];
    return line !== undefined && (JSON.parse(line) as { spawner: number }).spawner;
  });
  const pids: number[] = [];
  for (const name of 'abcdefgh')
    pids.push(...(await until(`pids of ${name}`, () => readPids(pidFile(name), 2))));
  expect(pids.filter((pid) => !isAlive(pid))).toEqual([]);
  return { worker, spawner, pids, scratchDir };
}

eachWay(() => {
  it('within 2 s of a kill -9 of the worker nothing of its programs lives, nor the spawner, nor its folder', async () => {
    const { worker, spawner, pids, scratchDir } = await startWorker();
    const killedAt = performance.now();
    worker.child.kill('SIGKILL');
    await until('all programs to end', () => !pids.some(isAlive));
    expect(performance.now() - killedAt).toBeLessThan(2000);
    await until('the spawner to end', () => !isAlive(spawner));
    expect(readdirSync(scratchDir)).toEqual([]);
  });

  it('a folder that is the worker’s alone goes with a worker that is killed, whatever else is in it', async () => {
    const { worker, pids, scratchDir } = await startWorker({ SCRATCH_GOES: 'yes' });
    mkdirSync(join(scratchDir, 'channels'));
    worker.child.kill('SIGKILL');
    await until('all programs to end', () => !pids.some(isAlive));
    await until('the folder to be gone', () => !existsSync(scratchDir));
  });

  it('a kill -9 of worker and spawner in the same moment leaves no program and no folder either', async () => {
    const { worker, spawner, pids, scratchDir } = await startWorker();
    process.kill(spawner, 'SIGKILL');
    worker.child.kill('SIGKILL');
    await until('all programs to end', () => !pids.some(isAlive), 10_000);
    await until('the folder to be gone', () => readdirSync(scratchDir).length === 0, 10_000);
  });

  it('a Ctrl-C, or a signal to the spawner, ends no program as long as the worker lives', async () => {
    const { worker, spawner, pids } = await startWorker();
    expect(readStat(String(spawner)).group).not.toBe(readStat(String(worker.pid)).group);
    // What a terminal does: the signal goes to the worker's whole process group. It ends the worker itself.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(spawner, signal);
    expect([spawner, ...pids].filter((pid) => !isAlive(pid))).toEqual([]);
    process.kill(-worker.pid, 'SIGINT');
    expect(await worker.exit).toBe('SIGINT');
    await until('all programs to end', () => !pids.some(isAlive));
    await until('the spawner to end', () => !isAlive(spawner));
  });
});
