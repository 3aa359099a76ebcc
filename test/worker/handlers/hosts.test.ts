import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { SpawnerDied } from '../../../src/worker/spawner/program-runner.ts';
import { until } from '../../support/processes.ts';
import { isAlive, tempDir } from '../spawner/use-runner.ts';
import { endPools, TASKS, usePool } from './use-pool.ts';

afterEach(endPools);

describe('the hosts of a pool', () => {
  it('are as many as calls at the same time, at most as many as slots, and serve again', async () => {
    const { pool, call } = await usePool({ slots: 2 });
    expect(pool.pids).toHaveLength(1); // the one that was asked for the names
    const ends = await Promise.all(Array.from({ length: 20 }, (_, value) => call('echo', { value }).done));
    const results = ends.map(({ result }) => result as { value: number; pid: number });
    expect(results.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, value) => value));
    expect(new Set(results.map(({ pid }) => pid)).size).toBeLessThanOrEqual(2);
    expect(pool.pids.length).toBeLessThanOrEqual(2);
  });

  it('end when nobody has called them for a while, and come again', async () => {
    const { pool, call } = await usePool({ idleMs: 100 });
    const [pid = 0] = pool.pids;
    await until('it to end', () => !isAlive(pid) && pool.pids.length === 0);
    expect((await call('echo', { value: 1 }).done).result).toMatchObject({ value: 1 });
  });

  it('are replaced after so many calls, without a call that waits or fails', async () => {
    const { pool, call } = await usePool({ slots: 1, maxCalls: 5 });
    const [pid = 0] = pool.pids;
    let failed = 0;
    await until('another host', async () => {
      if ((await call('echo').done).failure) failed += 1;
      return !isAlive(pid);
    });
    expect(failed).toBe(0);
    expect(pool.pids.length).toBeLessThanOrEqual(2);
  });

  it('are replaced when they keep memory that their calls have taken', async () => {
    const { pool, call } = await usePool({ slots: 1, memoryMiB: 160 });
    const [pid = 0] = pool.pids;
    for (let taken = 0; taken < 8; taken += 1)
      expect((await call('misbehave', { deed: 'leak' }).done).failure).toBeUndefined();
    await until('it to be replaced', () => !isAlive(pid));
    expect((await call('misbehave', { deed: 'leak' }).done).result).toBe(1);
  });

  it('die with their spawner, and their calls are lost; the next call finds others', async () => {
    const { pool, call, runner } = await usePool({ slots: 1 });
    const [pid = 0] = pool.pids;
    const run = call('misbehave', { deed: 'never' });
    await run.started;
    process.kill(runner.pid, 'SIGKILL');
    await expect(run.done).rejects.toThrow(SpawnerDied);
    expect(isAlive(pid)).toBe(false);
    expect((await call('echo', { value: 1 }).done).result).toMatchObject({ value: 1 });
  });

  it('die with their spawner while they start, and the calls that wait for them are lost as others are', async () => {
    const { pool, call, runner } = await usePool({ slots: 2 });
    const first = call('misbehave', { deed: 'never' });
    await first.started;
    const second = call('echo');
    await until('another host to be started', () => pool.size === 2);
    process.kill(runner.pid, 'SIGKILL');
    await expect(first.done).rejects.toThrow(SpawnerDied);
    await expect(second.done).rejects.toThrow(SpawnerDied);
    expect((await call('echo', { value: 1 }).done).result).toMatchObject({ value: 1 });
    expect(pool.pids).toHaveLength(1);
  });

  it('are gone when the pool is closed, busy ones too', async () => {
    const { pool, call } = await usePool();
    const run = call('misbehave', { deed: 'never' });
    await call('echo').done;
    const { pids } = pool;
    await pool.close();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
    expect((await call('echo').done).spawnError).toMatch(/closing/);
  });
});

describe('a folder of handlers', () => {
  const folderOf = (files: Record<string, string>): string => {
    const folder = tempDir();
    for (const [name, text] of Object.entries(files)) {
      if (name.includes('/')) mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  };
  const definition = (name: string): string =>
    `export default { name: '${name}', args: { safeParseAsync: async (data) => ({ success: true, data }) }, run: () => 1 };`;

  it.each([
    ['a file that throws', { 'a.mjs': 'throw new Error("not today")' }, /a\.mjs: not today/],
    ['a file with a wrong import', { 'a.mjs': 'import "./nowhere.mjs"' }, /a\.mjs: Cannot find module/],
    [
      'no default export',
      { 'a.mjs': 'export const x = 1' },
      /a\.mjs: expected `export default defineTask.*no default export/,
    ],
    ['something else exported', { 'a.mjs': 'export default 5' }, /a\.mjs: .*of type number/],
    ['a name that no message carries', { 'a.mjs': definition('a b') }, /a\.mjs: .*got "a b"/],
    [
      'two of one name',
      { 'a.mjs': definition('x'), 'b.mjs': definition('x') },
      /b\.mjs: a\.mjs defines x already/,
    ],
    [
      'attempts without end',
      { 'a.mjs': definition('a').replace('run:', 'maxAttempts: Infinity, run:') },
      /a\.mjs: .*maxAttempts from 1 to 100/,
    ],
    ['a file that ends the process', { 'a.mjs': 'process.exit(7)' }, /a\.mjs: its process ended .*exit 7/],
    [
      'two wrong files',
      { 'a.mjs': 'throw 1', 'b.mjs': 'throw 2', 'c.mjs': definition('c') },
      /a\.mjs: 1; .*b\.mjs: 2/,
    ],
  ])('is refused for %s, and the file is named', async (_, files, message) => {
    await expect(usePool({ tasksDir: folderOf(files) })).rejects.toThrow(message);
  });

  it('may hold what definitions share, in subfolders and behind _', async () => {
    const files = {
      'a.mjs': `import './_shared.mjs'; import './lib/more.mjs'; ${definition('a')}`,
      '_shared.mjs': '',
      'lib/more.mjs': '',
      'a.test.mjs': 'throw 1',
      'notes.md': '',
    };
    const { pool } = await usePool({ tasksDir: folderOf(files) });
    expect(pool.names).toEqual(['a']);
    expect(TASKS).toMatch(/fixtures/);
  });
});
