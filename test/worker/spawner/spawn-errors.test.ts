import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { ProgramStart } from '../../../src/worker/spawner/program-runner.ts';
import { endAll, start, until } from '../../support/processes.ts';
import {
  ENV,
  FIXTURES,
  eachWay,
  endRunners,
  starterEnv,
  runCommand,
  runFolders,
  tempDir,
  useRunner,
} from './use-runner.ts';

afterEach(endRunners);
afterEach(endAll);

const tooLong = 'x'.repeat(128 * 1024);
const cases: [string, Partial<ProgramStart>, RegExp][] = [
  [
    'a missing program',
    { program: { argv: ['no-such-program'] } },
    /"no-such-program" was not found.*ENOENT/,
  ],
  ['a missing path', { program: { argv: ['/no/such/program', 'x'] } }, /ENOENT/],
  [
    'a file that is not executable',
    { program: { argv: [import.meta.filename] } },
    /may not be executed.*EACCES/,
  ],
  ['a folder', { program: { argv: ['/tmp'] } }, /EACCES/],
  ['an empty argv', { program: { argv: [] } }, /empty/],
  ['an empty name', { program: { argv: ['', 'x'] } }, /empty/],
  [
    'a command beyond the kernel’s limit',
    { program: { command: `: ${tooLong}` } },
    /larger than the kernel.*E2BIG/,
  ],
  ['an argument beyond it', { program: { argv: ['true', tooLong] } }, /E2BIG/],
  ['an environment beyond it', { env: { ...ENV, X: tooLong } }, /E2BIG/],
  ['a NUL in a command', { program: { command: 'echo a\0b' } }, /NUL/],
  ['a NUL in an argument', { program: { argv: ['echo', 'a\0b'] } }, /NUL/],
  ['a NUL in the environment', { env: { ...ENV, X: 'a\0b' } }, /NUL/],
];

eachWay(() => {
  it.each(cases)('%s cannot be started, and says why', async (_, part, reason) => {
    const { runner, scratchDir } = await useRunner();
    const { pid } = runner;
    const run = runner.run({ runId: 'a', program: { command: 'true' }, env: ENV, ...part });
    await run.started;
    const end = await run.done;
    expect(end.spawnError).toMatch(reason);
    expect(end.spawnError!.length).toBeLessThan(400);
    expect(end).not.toHaveProperty('exitCode');
    expect(end).not.toHaveProperty('signal');
    expect(end).toMatchObject({ stdout: '', stderr: '' });
    await until('the folder to be gone', () => runFolders(scratchDir).length === 0);
    expect(await runCommand(runner, 'echo next')).toMatchObject({ exitCode: 0, stdout: 'next\n' });
    expect(runner.pid).toBe(pid);
  });

  it('a scratch folder that was removed meanwhile is made again', async () => {
    const { runner, scratchDir } = await useRunner();
    expect((await runCommand(runner, 'echo a')).stdout).toBe('a\n');
    rmSync(scratchDir, { recursive: true });
    expect(await runCommand(runner, 'pwd')).toMatchObject({ exitCode: 0 });
    expect(existsSync(scratchDir)).toBe(true);
  });

  it('a scratch folder that cannot be made again is a spawn error', async () => {
    const { runner, scratchDir } = await useRunner();
    rmSync(scratchDir, { recursive: true });
    writeFileSync(scratchDir, 'a file in its place');
    expect((await runCommand(runner, 'true')).spawnError).toMatch(/ENOTDIR|EEXIST/);
    rmSync(scratchDir);
    expect(await runCommand(runner, 'true')).toMatchObject({ exitCode: 0 });
  });

  it('a spawner without free file descriptors refuses some programs and stays alive', async () => {
    const fixture = join(FIXTURES, 'run-many.ts');
    const script = 'ulimit -n 48; exec "$@"';
    const worker = start('sh', ['-c', script, 'sh', process.execPath, fixture, tempDir(), '40'], {
      env: starterEnv(),
    });
    expect(await worker.exit, worker.stderr()).toBe(0);
    const { ended, refused, after } = JSON.parse(worker.stdout()) as Record<string, unknown>;
    expect(refused).toEqual(expect.arrayContaining([expect.stringContaining('EMFILE')]));
    expect(Number(ended) + (refused as string[]).length).toBe(40);
    expect(after).toBe('still here\n');
  });
});
