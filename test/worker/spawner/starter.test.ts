import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SpawnerDied } from '../../../src/worker/spawner/program-runner.ts';
import { buildStarter, findStarter } from '../../../src/worker/spawner/starter/find-starter.ts';
import { endAll, start, until, type Started } from '../../support/processes.ts';
import {
  ENV,
  FIXTURES,
  endRunners,
  isAlive,
  readPids,
  runCommand,
  starterOf,
  tempDir,
  useRunner,
} from './use-runner.ts';

afterEach(endAll);
afterEach(endRunners);

/** Of the fixture that holds programs, once all have started. */
function spawnerOf(worker: Started): Promise<number> {
  return until('the spawner', () => {
    const line = /\{.*\}\n/.exec(worker.stdout())?.[0];
    return line !== undefined && (JSON.parse(line) as { spawner: number }).spawner;
  });
}

const built = await buildStarter(undefined);

describe.skipIf('why' in built)(`the starter${'why' in built ? ` (${built.why})` : ''}`, () => {
  const stubborn = (file: string) => ({ argv: [join(FIXTURES, 'ignores-term.sh'), file] });

  it('that is killed takes its spawner along: programs die, runs are rejected, the next one works', async () => {
    const { runner } = await useRunner({ orphanGraceMs: 300 });
    const file = join(tempDir(), 'pids');
    const run = runner.run({ runId: 'a', program: stubborn(file), env: ENV });
    const pids = await until('the program to write its pids', () => readPids(file, 2));
    const spawner = runner.pid;
    process.kill(starterOf(spawner), 'SIGKILL');
    await expect(run.done).rejects.toBeInstanceOf(SpawnerDied);
    expect([...pids, spawner].filter(isAlive)).toEqual([]);
    expect(await runCommand(runner, 'echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
  });

  it.each([
    ['worker and starter', [0, 2]],
    ['spawner and worker', [1, 0]],
    ['starter, spawner and worker', [2, 1, 0]],
    ['worker, spawner and starter', [0, 1, 2]],
  ])('a kill -9 of %s, in this order, leaves no program', async (_, order) => {
    const folder = tempDir();
    const file = join(folder, 'pids');
    const command = `exec ${join(FIXTURES, 'ignores-term.sh')} ${file}`;
    const worker = start(process.execPath, [join(FIXTURES, 'worker.ts'), join(folder, 'scratch'), command]);
    const pids = await until('the program to write its pids', () => readPids(file, 2));
    const spawner = await spawnerOf(worker);
    const all = [worker.pid, spawner, starterOf(spawner)];
    for (const index of order) process.kill(all[index]!, 'SIGKILL');
    await until('all of them to end', () => ![...pids, ...all].some(isAlive), 10_000);
  });

  it('ends its programs itself, with their grace, when its spawner is gone and the worker cannot see to it', async () => {
    const folder = tempDir();
    const file = join(folder, 'pid');
    const saved = join(folder, 'saved');
    const command = `trap 'echo x > ${saved}; exit' TERM; echo $$ > ${file}; while :; do sleep 0.02; done`;
    const worker = start(process.execPath, [join(FIXTURES, 'worker.ts'), join(folder, 'scratch'), command]);
    const [pid] = await until('the program to write its pid', () => readPids(file, 1));
    const spawner = await spawnerOf(worker);
    worker.child.kill('SIGSTOP');
    process.kill(spawner, 'SIGKILL');
    await until('the program to end', () => !isAlive(pid!));
    expect(readFileSync(saved, 'utf8')).toBe('x\n');
  });

  it('is the one parent of what lost its own, and reaps it', async () => {
    const { runner } = await useRunner();
    const file = join(tempDir(), 'pid');
    const child = `setsid sh -c 'echo $$ > ${file}; exec sleep 0.2' > /dev/null 2>&1 &`;
    await runCommand(runner, `(${child}); while ! [ -s ${file} ]; do sleep 0.01; done`);
    const [pid] = readPids(file, 1)!;
    await until('it to be reaped', () => !existsSync(`/proc/${pid}`));
  });

  it('gives a folder to a later run only if nothing was changed in it', async () => {
    const { runner } = await useRunner();
    const look = 'stat -c "%i %a" . ..; ls -A . ..';
    const inodesOf = (stdout: string) => [...stdout.matchAll(/^(\d+) 700$/gm)].map(([, inode]) => inode);
    const first = await runCommand(runner, look);
    const folders = inodesOf(first.stdout);
    expect(folders).toHaveLength(2);
    const second = await runCommand(runner, `${look}; chmod 750 .; touch x; echo 1 > ../result`);
    expect(inodesOf(second.stdout)).toEqual(folders);
    const third = await runCommand(runner, look);
    expect(third.stdout).toMatch(/^\d+ 700\n\d+ 700\n\.:\n\n\.\.:\nwork\n$/);
    expect(third).not.toHaveProperty('result');
  });

  it('never gives away a folder that a process which was left behind may hold', async () => {
    const { runner } = await useRunner();
    const file = join(tempDir(), 'pid');
    const command = `setsid sh -c 'echo $$ > ${file}; exec sleep 300' > /dev/null 2>&1 & while ! [ -s ${file} ]; do sleep 0.01; done`;
    await runCommand(runner, command);
    const [pid] = readPids(file, 1)!;
    try {
      const { ino } = statSync(`/proc/${pid}/cwd`);
      await until('its folder to be gone', () => readlinkSync(`/proc/${pid}/cwd`).endsWith(' (deleted)'));
      const next = await runCommand(runner, 'stat -c %i .; readlink /proc/$PPID/exe > /dev/null');
      expect(next.stdout).not.toBe(`${ino}\n`);
    } finally {
      process.kill(pid!, 'SIGKILL');
    }
  });

  it('that does not run is done without', async () => {
    const path = join(tempDir(), 'starter');
    writeFileSync(path, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    const said: string[] = [];
    const { runner } = await useRunner({ starter: { path }, log: (message) => said.push(message) });
    expect(await runCommand(runner, 'echo a')).toMatchObject({ exitCode: 0, stdout: 'a\n' });
    expect(said).toEqual([`programs are started by Node: ${path} does not run here: exit 3`]);
  });

  it('is not used when it may be written by others, or is not wanted', () => {
    const path = 'path' in built ? built.path : '';
    expect(findStarter(undefined)).toEqual({ path });
    expect(findStarter('none')).toEqual({ why: 'MILLRACE_STARTER is none' });
    const copy = join(tempDir(), 'copy');
    copyFileSync(path, copy);
    chmodSync(copy, 0o777);
    expect(findStarter(undefined, copy)).toEqual({ why: expect.stringContaining('another user') as string });
  });
});
