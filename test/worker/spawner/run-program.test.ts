import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/processes.ts';
import { ENV, eachWay, endRunners, runCommand, runFolders, tempDir, useRunner } from './use-runner.ts';

afterEach(endRunners);

eachWay(() => {
  describe('a program that ends', () => {
    it('has its exit code for a result, from 0 to 255', async () => {
      const { runner } = await useRunner();
      const codes = [0, 1, 2, 126, 127, 128, 143, 255];
      const ends = await Promise.all(codes.map((code) => runCommand(runner, `exit ${code}`)));
      expect(ends.map(({ exitCode }) => exitCode)).toEqual(codes);
      expect(ends.every((end) => !('signal' in end) && !('spawnError' in end))).toBe(true);
    });

    it.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGINT'])('by %s has the signal instead', async (signal) => {
      const { runner } = await useRunner();
      const end = await runCommand(runner, `kill -${signal.slice(3)} $$`);
      expect(end).toMatchObject({ signal, stdout: '', stderr: '' });
      expect(end).not.toHaveProperty('exitCode');
    });

    it('tells how long it ran', async () => {
      const { runner } = await useRunner();
      const { durationMs } = await runCommand(runner, 'sleep 0.2');
      expect(durationMs).toBeGreaterThan(190);
      expect(durationMs).toBeLessThan(5000);
    });

    it('runs beside others without mixing anything up', async () => {
      const { runner, scratchDir } = await useRunner();
      const numbers = Array.from({ length: 60 }, (_, index) => index);
      const ends = await Promise.all(
        numbers.map((number) =>
          runCommand(runner, `cat; echo e${number} >&2; exit ${number}`, { input: `in${number}` }),
        ),
      );
      for (const number of numbers) {
        expect(ends[number]).toMatchObject({
          stdout: `in${number}`,
          stderr: `e${number}\n`,
          exitCode: number,
        });
      }
      await until('the folders to be gone', () => runFolders(scratchDir).length === 0);
    });
  });

  describe('what a program is started with', () => {
    it('is its arguments as they are, the empty and the longest included', async () => {
      const { runner } = await useRunner();
      const argv = ['printf', '[%s]', '', 'a b', '$HOME', '*', '"', '\n', 'ü', '-n'];
      const { stdout } = await runner.run({ runId: 'a', program: { argv }, env: ENV }).done;
      expect(stdout).toBe('[][a b][$HOME][*]["][\n][ü][-n]');
      const long = 'x'.repeat(128 * 1024 - 1); // the kernel counts the byte that ends it
      const script = ['sh', '-c', 'printf %s "$1" | wc -c', 'sh', long];
      const end = await runner.run({ runId: 'b', program: { argv: script }, env: ENV }).done;
      expect(end.stdout.trim()).toBe(String(long.length));
    });

    it('is exactly the environment given, and what every program is promised', async () => {
      const { runner } = await useRunner();
      const env = { ...ENV, GREETING: 'hello = world\n', EMPTY: '' };
      const { stdout } = await runner.run({ runId: 'a', program: { argv: ['env', '-0'] }, env }).done;
      const lines = stdout.split('\0').filter(Boolean);
      const seen = new Map(lines.map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
      const { HOME, PWD, TMPDIR, MILLRACE_RESULT, MILLRACE_PROGRESS, ...rest } = Object.fromEntries(seen);
      expect(rest).toEqual(env);
      expect([PWD, TMPDIR]).toEqual([HOME, HOME]);
      expect(MILLRACE_RESULT).not.toContain(HOME);
      expect(MILLRACE_PROGRESS).not.toContain(HOME);
    });

    it('leaves HOME and TMPDIR alone where the task sets them', async () => {
      const { runner } = await useRunner();
      const env = { ...ENV, HOME: '/somewhere', TMPDIR: '/tmp' };
      expect((await runCommand(runner, 'echo $HOME $TMPDIR', { env })).stdout).toBe('/somewhere /tmp\n');
    });

    it('holds no open files but the three standard ones', async () => {
      const { runner } = await useRunner();
      const { stdout } = await runner.run({
        runId: 'a',
        program: { argv: ['ls', '/proc/self/fd'] },
        env: ENV,
      }).done;
      expect(stdout).toBe('0\n1\n2\n3\n'); // 3 is the folder that `ls` reads
    });

    it('is a session and a process group of its own', async () => {
      const { runner } = await useRunner();
      const { stdout } = await runCommand(runner, 'echo $$; cut -d " " -f 5,6 /proc/$$/stat');
      const [pid, group, session] = stdout.trim().split(/\s+/);
      expect([group, session]).toEqual([pid, pid]);
    });

    it('shows nothing of the worker’s environment in its parent', async () => {
      process.env['MILLRACE_TEST_SECRET'] = 'of the worker';
      try {
        const { runner } = await useRunner();
        const { stdout } = await runCommand(runner, 'tr "\\0" "\\n" < /proc/$PPID/environ');
        expect(
          stdout
            .trim()
            .split('\n')
            .map((line) => line.split('=')[0]),
        ).toEqual(['PATH']);
      } finally {
        delete process.env['MILLRACE_TEST_SECRET'];
      }
    });

    it('has the signals at their defaults, so that a broken pipe ends it', async () => {
      const { runner } = await useRunner();
      expect((await runCommand(runner, 'yes | head -1; trap')).stdout).toBe('y\n');
    });
  });

  describe('its working directory', () => {
    it('is empty, its own and gone afterwards, whatever the run is called', async () => {
      const { runner, scratchDir } = await useRunner();
      const script = 'pwd; ls -A; ls -A .. ; mkdir -p deep/er; touch deep/er/file; ln -s / root';
      const run = (runId: string) => runCommand(runner, script, { runId });
      const ends = await Promise.all(['../../evil', '../../evil', `a\0b ${'ü'.repeat(300)}`].map(run));
      const places = ends.map(({ stdout }) => stdout.split('\n')[0]!);
      expect(new Set(places).size).toBe(3);
      for (const [index, place] of places.entries()) {
        expect(place.startsWith(scratchDir)).toBe(true);
        expect(ends[index]!.stdout).toBe(`${place}\nwork\n`);
        await until('the folder to be gone', () => !existsSync(place));
      }
      await until('what it lay in to be gone', () => runFolders(scratchDir).length === 0);
    });

    it('is removed even if the program made it read-only', async () => {
      const { runner, scratchDir } = await useRunner();
      await runCommand(runner, 'mkdir a; touch a/b; chmod 555 a; chmod 0 .; exit 0');
      await until('the folder to be gone', () => runFolders(scratchDir).length === 0);
    });

    it('may be removed by the program itself', async () => {
      const { runner, scratchDir } = await useRunner();
      expect(await runCommand(runner, 'rm -rf ../work; exit 4')).toMatchObject({ exitCode: 4 });
      await until('the folder to be gone', () => runFolders(scratchDir).length === 0);
    });
  });

  describe('its STDIN', () => {
    it('is empty without input', async () => {
      const { runner } = await useRunner();
      expect(await runCommand(runner, 'wc -c; readlink /proc/self/fd/0')).toMatchObject({
        stdout: '0\n/dev/null\n',
      });
      expect((await runCommand(runner, 'wc -c', { input: '' })).stdout).toBe('0\n');
    });

    it('is the whole input, then its end, and can be opened again as /dev/stdin', async () => {
      const { runner } = await useRunner();
      const input = 'zwölf\0\n'.repeat(150_000);
      expect((await runCommand(runner, 'wc -c', { input })).stdout).toBe(`${Buffer.byteLength(input)}\n`);
      expect((await runCommand(runner, 'cat /dev/stdin', { input: 'again' })).stdout).toBe('again');
    });

    it('need not be read, and may be closed', async () => {
      const { runner } = await useRunner();
      const input = 'x'.repeat(1024 * 1024);
      for (const command of ['true', 'exec <&-; sleep 0.05', 'head -c 10 > /dev/null']) {
        expect(await runCommand(runner, command, { input })).toMatchObject({ exitCode: 0 });
      }
    });
  });

  describe.runIf(process.getuid?.() === 0)('as another user', () => {
    const runAs = { uid: 65534, gid: 65534 };

    it('a program cannot put a file of root’s in the place of another program’s STDIN', async () => {
      const scratchDir = tempDir();
      chmodSync(scratchDir, 0o711);
      const { runner } = await useRunner({ scratchDir, runAs });
      const secret = join(tempDir(), 'secret');
      writeFileSync(secret, 'secret', { mode: 0o600 });
      // So long that the file is there for a while before it is opened, and tried until somebody is quick enough.
      const input = 'x'.repeat(64 * 1024 * 1024);
      for (let round = 1; round <= 4; round += 1) {
        const other = `../../${2 * round}-victim/input`;
        const swap = `until [ -e ${other} ]; do :; done; exec ln -sf ${secret} ${other}`;
        const thief = runner.run({ runId: 'thief', program: { command: swap }, env: ENV });
        await thief.started;
        const victim = runner.run({ runId: 'victim', program: { command: 'head -c 6' }, input, env: ENV });
        expect((await victim.done).stdout).toBe('xxxxxx');
        thief.kill(0);
        await thief.done;
      }
      expect(statSync(secret).uid).toBe(0);
    });

    it('a program can use its folder, streams and result, and nothing of the worker’s', async () => {
      const scratchDir = tempDir();
      chmodSync(scratchDir, 0o711);
      const { runner } = await useRunner({ scratchDir, runAs });
      const command = `id -u; id -G; cat /dev/stdin; echo e > /dev/stderr; mkdir x; touch x/y
      echo '{"ok":true}' > $MILLRACE_RESULT; ls ../.. ; cat /proc/$PPID/environ`;
      const end = await runCommand(runner, command, { input: 'in\n' });
      expect(end.stdout).toBe('65534\n65534\nin\n');
      expect(end.stderr).toMatch(/^e\n.*ls: .*ermission denied.*cat: .*ermission denied/s);
      expect(end.result).toEqual({ ok: true });
      await until('the folder to be gone', () => runFolders(scratchDir).length === 0);
    });

    it('a program cannot have a file of root’s taken for its result', async () => {
      const scratchDir = tempDir();
      chmodSync(scratchDir, 0o711);
      const { runner } = await useRunner({ scratchDir, runAs });
      const end = await runCommand(runner, 'ln -s /etc/shadow $MILLRACE_RESULT');
      expect(end).not.toHaveProperty('result');
      expect(end.resultError).toContain('symbolic link');
    });

    it('a group is killed all the same', async () => {
      const scratchDir = tempDir();
      chmodSync(scratchDir, 0o711);
      const { runner } = await useRunner({ scratchDir, runAs });
      const ready = Promise.withResolvers<void>();
      const program = { command: 'trap "" TERM; echo ready; sleep 300' };
      const run = runner.run({ runId: 'a', program, env: ENV, onOutput: () => ready.resolve() });
      await ready.promise; // before its trap is set, SIGTERM ends it
      run.kill(50);
      expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
    });
  });
});
