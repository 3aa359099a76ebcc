import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/processes.ts';
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

async function startCommand(command: string, onOutput?: (stream: string, text: string) => void) {
  const { runner } = await useRunner();
  const run = runner.run({ runId: 'a', program: { command }, env: ENV, ...(onOutput && { onOutput }) });
  await run.started;
  return { runner, run };
}

/** A program that ignores SIGTERM, and its child that does too; resolves once both do. */
async function startStubborn() {
  const file = join(tempDir(), 'pids');
  const { runner, run } = await startCommand(`exec ${join(FIXTURES, 'ignores-term.sh')} ${file}`);
  const pids = await until('the program to write its pids', () => readPids(file, 2));
  return { runner, run, pids };
}

eachWay(() => {
  describe('killing', () => {
    it('ends a program by SIGTERM if it lets that', async () => {
      const { run } = await startCommand('exec sleep 300');
      run.kill(60_000);
      expect(await run.done).toMatchObject({ signal: 'SIGTERM' });
    });

    it('lets a program end in its own way within the grace', async () => {
      const ready = Promise.withResolvers<void>();
      const script = 'trap "echo saved; exit 7" TERM; echo ready; while :; do sleep 0.02; done';
      const { run } = await startCommand(script, () => ready.resolve());
      await ready.promise;
      run.kill(60_000);
      expect(await run.done).toMatchObject({ exitCode: 7, stdout: 'ready\nsaved\n' });
    });

    it('ends the whole group by SIGKILL after the grace, those included that ignore SIGTERM', async () => {
      const { run, pids } = await startStubborn();
      const killedAt = performance.now();
      run.kill(300);
      expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
      expect(performance.now() - killedAt).toBeGreaterThanOrEqual(295);
      expect(pids.filter(isAlive)).toEqual([]);
    });

    it('at once needs no grace', async () => {
      const { run, pids } = await startStubborn();
      run.kill(0);
      expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
      expect(pids.filter(isAlive)).toEqual([]);
    });

    it('again may shorten the grace, and never extends it', async () => {
      const { run, pids } = await startStubborn();
      const killedAt = performance.now();
      run.kill(60_000);
      run.kill(200);
      run.kill(60_000);
      run.kill(200);
      expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
      expect(performance.now() - killedAt).toBeLessThan(5000);
      expect(pids.filter(isAlive)).toEqual([]);
    });

    it('gives the children of a shell that ends at once the grace too', async () => {
      const ready = Promise.withResolvers<void>();
      const child = 'trap "sleep 0.6; echo tidied up; exit 0" TERM; echo ready; while :; do sleep 0.02; done';
      const { run } = await startCommand(`sh -c '${child}'; echo never`, () => ready.resolve());
      await ready.promise;
      run.kill(60_000);
      expect(await run.done).toMatchObject({ signal: 'SIGTERM', stdout: 'ready\ntidied up\n' });
    });

    it('reaches a stopped program', async () => {
      const { run } = await startCommand('kill -STOP $$; true');
      run.kill(60_000);
      expect(await run.done).toMatchObject({ signal: 'SIGTERM' });
    });

    it('reaches what left the group by setsid', async () => {
      const file = join(tempDir(), 'pids');
      const { run } = await startCommand(`setsid sh -c 'echo $$ > ${file}; exec sleep 300' & wait`);
      const [escaped] = await until('the child to write its pid', () => readPids(file, 1));
      run.kill(100);
      await run.done;
      expect(isAlive(escaped!)).toBe(false);
    });

    it('after the end, or of a program that never was, does nothing', async () => {
      const { runner, run } = await startCommand('exit 5');
      expect(await run.done).toMatchObject({ exitCode: 5 });
      run.kill(0);
      const missing = runner.run({ runId: 'b', program: { argv: ['no-such-program'] }, env: ENV });
      missing.kill(0);
      expect((await missing.done).spawnError).toContain('ENOENT');
    });
  });

  describe('what a program leaves behind', () => {
    it('in its group is killed, and the run ends with the leader’s exit', async () => {
      const file = join(tempDir(), 'pids');
      const { runner } = await useRunner();
      const startedAt = performance.now();
      const end = await runCommand(
        runner,
        `sleep 300 & (trap '' TERM; sleep 300) & echo $! > ${file}; echo out; exit 9`,
      );
      expect(end).toMatchObject({ exitCode: 9, stdout: 'out\n' });
      expect(performance.now() - startedAt).toBeLessThan(3000);
      expect(readPids(file, 1)!.filter(isAlive)).toEqual([]);
    });

    it('outside of its group may hold the output open, and holds nothing up', async () => {
      const file = join(tempDir(), 'pids');
      const { runner } = await useRunner();
      const startedAt = performance.now();
      const escaped = `setsid sh -c 'echo $$ > ${file}; while :; do echo noise; done'`;
      const end = await runCommand(
        runner,
        `${escaped} & while ! [ -s ${file} ]; do sleep 0.01; done; exit 6`,
      );
      const [pid] = readPids(file, 1)!;
      try {
        expect(end).toMatchObject({ exitCode: 6 });
        expect(performance.now() - startedAt).toBeLessThan(4000);
        // Its pipe is not used again: nothing of its noise is heard by the next programs.
        const next = await Promise.all(
          ['1', '2', '3'].map((text) => runCommand(runner, `sleep 0.1; echo ${text}`)),
        );
        expect(next.map(({ stdout }) => stdout)).toEqual(['1\n', '2\n', '3\n']);
      } finally {
        if (isAlive(pid!)) process.kill(pid!, 'SIGKILL');
      }
    });
  });

  describe('closing', () => {
    it('ends every program, with its end reported, and the spawner', async () => {
      const { runner, run, pids } = await startStubborn();
      const { pid } = runner;
      await runner.close();
      expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
      expect([...pids, pid].filter(isAlive)).toEqual([]);
      await expect(runCommand(runner, 'true')).rejects.toThrow('closed');
    });
  });
});
