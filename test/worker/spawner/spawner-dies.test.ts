import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { SpawnerDied } from '../../../src/worker/spawner/program-runner.ts';
import { processesWith, until } from '../../support/processes.ts';
import {
  ENV,
  FIXTURES,
  eachWay,
  endRunners,
  isAlive,
  readPids,
  runCommand,
  tempDir,
  useRunner,
} from './use-runner.ts';

afterEach(endRunners);

eachWay(() => {
  it('when the spawner is killed its programs are too, their runs are rejected, and the next one works', async () => {
    const { runner, scratchDir } = await useRunner({ orphanGraceMs: 300 });
    const folder = tempDir();
    const names = ['a', 'b', 'c', 'd'];
    const runs = names.map((name) =>
      runner.run({
        runId: name,
        program: { argv: [join(FIXTURES, 'ignores-term.sh'), join(folder, name)] },
        env: ENV,
      }),
    );
    const pids: number[] = [];
    for (const name of names) pids.push(...(await until('pids', () => readPids(join(folder, name), 2))));
    const { pid } = runner;
    const asked = runs[0]!.progress();
    process.kill(pid, 'SIGKILL');

    for (const run of runs) await expect(run.done).rejects.toBeInstanceOf(SpawnerDied);
    // Whoever hands a task back after this can be sure that nothing of it still runs.
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await asked).toBeUndefined();
    expect(await runs[0]!.progress()).toBeUndefined();

    expect(await runCommand(runner, 'echo again')).toMatchObject({ exitCode: 0, stdout: 'again\n' });
    expect(runner.pid).not.toBe(pid);
    await until('the old folder to be gone', () => readdirSync(scratchDir).length === 1);
  });

  it('one that is killed while it starts is started again', async () => {
    const scratchDir = tempDir();
    const starting = useRunner({ scratchDir });
    const [first = 0] = await until('its process', () => {
      const pids = processesWith(`"root":"${scratchDir}/`);
      return pids.length > 0 && pids;
    });
    process.kill(first, 'SIGKILL');
    const { runner } = await starting;
    expect(runner.pid).not.toBe(first);
    expect(await runCommand(runner, 'echo here')).toMatchObject({ exitCode: 0, stdout: 'here\n' });
  });

  it('a program whose start was not yet reported is found and killed as well', async () => {
    const { runner } = await useRunner({ orphanGraceMs: 100 });
    const files = Array.from({ length: 10 }, (_, index) => join(tempDir(), String(index)));
    const runs = files.map((file, index) =>
      runner.run({
        runId: String(index),
        program: { command: `echo $$ > ${file}; exec sleep 300` },
        env: ENV,
      }),
    );
    await runs[3]!.started;
    process.kill(runner.pid, 'SIGKILL');
    const ends = await Promise.allSettled(runs.map((run) => run.done));
    expect(ends.map(({ status }) => status)).toEqual(runs.map(() => 'rejected'));
    await Promise.all(runs.map((run) => run.started));
    expect(files.flatMap((file) => readPids(file, 1) ?? []).filter(isAlive)).toEqual([]);
  });

  it('a program without an environment is killed by what was reported of it', async () => {
    const { runner } = await useRunner({ orphanGraceMs: 100 });
    const file = join(tempDir(), 'pid');
    const command = `echo $$ > ${file}; exec env -i sleep 300`;
    const run = runner.run({ runId: 'a', program: { command }, env: ENV });
    const [pid] = await until('the program to write its pid', () => readPids(file, 1));
    await until('its environment to be gone', () => readFileSync(`/proc/${pid}/environ`, 'utf8') === '');
    await run.started; // reported, which on a busy machine may be later than what it writes itself
    process.kill(runner.pid, 'SIGKILL');
    await expect(run.done).rejects.toBeInstanceOf(SpawnerDied);
    expect(isAlive(pid!)).toBe(false);
  });

  it('a spawner that hangs is killed by closing, and its programs with it', async () => {
    const { runner } = await useRunner({ orphanGraceMs: 100 });
    const file = join(tempDir(), 'pid');
    const run = runner.run({
      runId: 'a',
      program: { command: `echo $$ > ${file}; exec sleep 300` },
      env: ENV,
    });
    const [pid] = await until('the program to write its pid', () => readPids(file, 1));
    process.kill(runner.pid, 'SIGSTOP');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const closed = runner.close();
      await vi.advanceTimersByTimeAsync(20_000);
      vi.useRealTimers();
      await closed;
    } finally {
      vi.useRealTimers();
    }
    await expect(run.done).rejects.toBeInstanceOf(SpawnerDied);
    expect([pid!, runner.pid].filter(isAlive)).toEqual([]);
  });

  it('a run asked for before the death was noticed is rejected or works, and never hangs', async () => {
    const { runner } = await useRunner();
    process.kill(runner.pid, 'SIGKILL');
    const outcome = await runCommand(runner, 'echo hi').catch((error: unknown) => error);
    if (!(outcome instanceof SpawnerDied)) expect(outcome).toMatchObject({ stdout: 'hi\n' });
    expect(
      await until('a run that works', () => runCommand(runner, 'echo hi').catch(() => false as const)),
    ).toMatchObject({
      stdout: 'hi\n',
    });
  });
});
