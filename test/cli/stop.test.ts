import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { cleanEnv } from '../support/local-stack.ts';
import { BIN, endAll, processesWith, run, start, until, type Started } from '../support/processes.ts';

/** A stack with a worker, in a process group of its own as a terminal makes one. */
describe('stopping a stack whose worker is busy', () => {
  let home: string;
  afterEach(async () => {
    await endAll();
    await rm(home, { recursive: true, force: true });
  });

  const cli = (...args: readonly string[]) =>
    run(process.execPath, [BIN, ...args], { cwd: home, env: cleanEnv(join(home, 'data')) });

  async function startLocal(workers: number): Promise<Started> {
    const ports = ['--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'];
    const stack = start(process.execPath, [BIN, 'local', '--json', ...ports, '--workers', String(workers)], {
      cwd: home,
      env: cleanEnv(join(home, 'data')),
      detached: true,
    });
    await until('the stack to be ready', () => stack.stdout().includes('\n'));
    return stack;
  }

  /** Runs a command on the stack's own worker. @returns its task's id, once it runs */
  async function runBusy(stack: Started, command: string): Promise<string> {
    const { stdout } = await cli('create', 'default', command, '--json');
    await until('the command to run', () => processesWith(`-c\0${command}`).length > 0);
    expect(stack.child.exitCode).toBe(null);
    return (JSON.parse(stdout) as TaskView).id;
  }

  it('lets what runs end within its grace when the terminal says Ctrl-C, to all of the group', async () => {
    home = await mkdtemp(join(tmpdir(), 'millrace-test-'));
    const stack = await startLocal(1);
    const id = await runBusy(stack, 'sleep 2.0101; echo done');
    process.kill(-stack.pid, 'SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 20));
    stack.child.kill('SIGINT'); // npm, in the same group, passes on what it got
    expect(await stack.exit).toBe(0);
    await startLocal(0);
    const { stdout } = await cli('status', id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'SUCCEEDED', attempt: 1, stdout: 'done\n' });
  });

  it('exits 0 when it is told to stop while its first batch runs', async () => {
    home = await mkdtemp(join(tmpdir(), 'millrace-test-'));
    const ports = ['--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'];
    const stack = start(process.execPath, [BIN, 'local', '--memory', '--demo', ...ports], {
      cwd: home,
      env: cleanEnv(join(home, 'data')),
    });
    await until('the batch to be there', () => stack.stdout().includes('first batch'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    stack.child.kill('SIGINT');
    expect(await stack.exit).toBe(0);
    expect(stack.stderr()).not.toContain('error');
  });

  it('hands back at once at the second SIGTERM', async () => {
    home = await mkdtemp(join(tmpdir(), 'millrace-test-'));
    const stack = await startLocal(1);
    const id = await runBusy(stack, 'sleep 300.0102');
    const begun = performance.now();
    stack.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(stack.child.exitCode).toBe(null);
    stack.child.kill('SIGTERM');
    expect(await stack.exit).toBe(143);
    expect(performance.now() - begun).toBeLessThan(6000); // of a grace of 10 s
    expect(processesWith('300.0102')).toEqual([]);
    await startLocal(0);
    const { stdout } = await cli('status', id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'PENDING', attempt: 1 });
  });
});
