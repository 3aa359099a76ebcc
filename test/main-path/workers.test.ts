import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { QueueProgress } from '../../src/core/progress.ts';
import type { TaskList } from '../../src/core/list-tasks.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, processesWith, until, type Started } from '../support/processes.ts';

const REST = { pending: 0, delayed: 0, running: 0, expired: 0 };

describe('workers', () => {
  const stacks: LocalStack[] = [];
  const startStack = async (args: readonly string[] = [], home?: string): Promise<LocalStack> => {
    const stack = await LocalStack.start(args, home);
    stacks.push(stack);
    return stack;
  };
  afterEach(async () => {
    await endAll();
    for (const stack of stacks.splice(0)) await stack.remove();
  });

  async function load(
    stack: LocalStack,
    queue: string,
    lines: readonly string[],
    more: readonly string[] = [],
  ) {
    const file = join(stack.home, 'commands.txt');
    await writeFile(file, `${lines.join('\n')}\n`);
    return stack.json<{ accepted: number }>(['load', queue, file, ...more]);
  }
  const ends = (worker: Started, state: string): number => worker.stdout().split(`task ${state}`).length - 1;

  test('two side by side drain a queue, exit 0, and the numbers are exactly those of the file', async () => {
    const stack = await startStack();
    await stack.cli(['queue', 'add', 'mixed', '--lease', '6', '--max-attempts', '2']);
    const lines = Array.from({ length: 300 }, (_, n) =>
      n % 30 === 0 ? `exit ${(n % 7) + 1}` : n % 50 === 1 ? 'sleep 60' : `echo ${n} | sha256sum`,
    );
    const failing = lines.filter((line) => !line.startsWith('echo')).length;
    expect(await load(stack, 'mixed', lines, ['--timeout', '1'])).toMatchObject({ accepted: 300 });
    const workers = [1, 2].map(() => stack.startCli(['work', 'mixed', 'until-empty']));
    expect(await Promise.all(workers.map((worker) => worker.exit))).toEqual([0, 0]);
    const progress = await stack.json<QueueProgress>(['progress', 'mixed']);
    expect(progress).toMatchObject({
      ...REST,
      total: 300,
      succeeded: 300 - failing,
      failed: failing,
      cancelled: 0,
    });
    const shares = workers.map((worker) => ends(worker, 'SUCCEEDED'));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    const list = await stack.json<TaskList>(['peek', 'mixed', 'failed', '300']);
    expect(list.tasks).toHaveLength(failing);
    expect(list.tasks.every((task) => task.state === 'FAILED' && task.attempt === 2)).toBe(true);
    expect(new Set(list.tasks.map((task) => task.reason))).toEqual(new Set(['exit', 'timeout']));
  });

  test('a stack and its workers that are killed lose nothing: a new start ends every task', async () => {
    const stack = await startStack();
    await stack.cli(['queue', 'add', 'crash', '--lease', '4']);
    await load(
      stack,
      'crash',
      Array.from({ length: 200 }, (_, n) => `sleep 0.05; echo ${n}`),
    );
    const workers = [1, 2].map(() => stack.startCli(['work', 'crash', 'until-empty']));
    await until('some tasks to end', () => workers.every((worker) => ends(worker, 'SUCCEEDED') > 10));
    for (const worker of workers) worker.child.kill('SIGKILL');
    await stack.kill('SIGKILL');
    const again = await startStack([], stack.home);
    expect(again.ready.api).toBe(stack.ready.api);
    const next = [1, 2].map(() => again.startCli(['work', 'crash', 'until-empty']));
    expect(await Promise.all(next.map((worker) => worker.exit))).toEqual([0, 0]);
    expect(await again.json<QueueProgress>(['progress', 'crash'])).toMatchObject({
      ...REST,
      total: 200,
      succeeded: 200,
      failed: 0,
    });
  });

  test('one that is stopped hands its tasks back: another ends them at once, and none counts as failed', async () => {
    const stack = await startStack();
    await load(
      stack,
      'default',
      Array.from({ length: 8 }, () => 'sleep 3; echo "$MILLRACE_ATTEMPT"'),
    );
    const first = stack.startCli(['work', 'default', 'forever', '--grace', '0.2']);
    await until('all of them to run', () => processesWith('sleep 3; echo').length >= 8);
    first.child.kill('SIGTERM');
    expect(await first.exit).toBe(0);
    const begun = performance.now();
    const second = stack.startCli(['work', 'default', 'until-empty']);
    expect(await second.exit).toBe(0);
    expect(performance.now() - begun).toBeLessThan(30_000); // not after their leases of 60 s
    const list = await stack.json<TaskList>(['peek', 'default', 'succeeded', '20']);
    expect(list.tasks.map(({ stdout, attempt }) => [stdout, attempt])).toEqual(Array(8).fill(['2\n', 2]));
  });

  test('one that is killed takes its programs with it', async () => {
    const stack = await startStack();
    await load(
      stack,
      'default',
      Array.from({ length: 8 }, (_, n) => `trap "" TERM; sleep 97${n} & sleep 96${n}; wait`),
    );
    const worker = stack.startCli(['work', 'default', 'forever']);
    await until('all of them to run', () => processesWith('sleep\u000096').length >= 8);
    worker.child.kill('SIGKILL');
    await until('their processes to end', () => processesWith('sleep\u00009').length === 0, 2000);
  });

  test('once runs one task; it exits 3 when there is none', async () => {
    const stack = await startStack(['--memory']);
    expect((await stack.cli(['work', 'default', 'once'])).code).toBe(3);
    await load(stack, 'default', ['echo one', 'echo two']);
    expect((await stack.cli(['work', 'default', 'once'])).code).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'default'])).toMatchObject({
      succeeded: 1,
      pending: 1,
    });
  });

  test('leave after --idle-exit, and receive nothing while the queue is paused', async () => {
    const stack = await startStack(['--memory']);
    expect((await stack.cli(['pause', 'default'])).code).toBe(0);
    await load(stack, 'default', ['echo one']);
    expect((await stack.cli(['work', 'default', 'forever', '--idle-exit', '2'])).code).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'default'])).toMatchObject({
      succeeded: 0,
      pending: 1,
    });
    expect((await stack.cli(['resume', 'default'])).code).toBe(0);
    expect((await stack.cli(['work', 'default', 'forever', '--idle-exit', '1'])).code).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'default'])).toMatchObject({
      succeeded: 1,
      pending: 0,
    });
  });

  test('cancel what was purged instead of running it', async () => {
    const stack = await startStack(['--memory']);
    await load(stack, 'default', ['echo one', 'echo two']);
    expect((await stack.cli(['purge', 'default', '--yes'])).code).toBe(0);
    await load(stack, 'default', ['echo three']);
    expect((await stack.cli(['work', 'default', 'until-empty'])).code).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'default'])).toMatchObject({
      cancelled: 2,
      succeeded: 1,
    });
  });

  test('a program that kills its worker again and again is FAILED lost', async () => {
    const stack = await startStack(['--memory']);
    await stack.cli(['queue', 'add', 'deadly', '--lease', '3', '--max-attempts', '2']);
    const { id } = await stack.json<{ id: string }>([
      'create',
      'deadly',
      'sleep 0.2; kill -9 $(cat ../../../worker-pid 2>/dev/null || ps -o ppid= -p $PPID)',
    ]);
    await until(
      'the task to be FAILED',
      async () => {
        await stack.cli(['work', 'deadly', 'once']);
        return (await stack.json<{ state: string }>(['status', id])).state === 'FAILED';
      },
      50_000,
    );
    expect(await stack.json(['status', id])).toMatchObject({ state: 'FAILED', reason: 'lost', attempt: 2 });
  });

  test('stacks in two folders do not see each other, and a second start in one says what runs', async () => {
    const [one, two] = [await startStack(['--memory']), await startStack(['--memory'])];
    await load(one, 'default', ['echo one']);
    expect(await one.json<QueueProgress>(['progress', 'default'])).toMatchObject({ pending: 1 });
    expect(await two.json<QueueProgress>(['progress', 'default'])).toMatchObject({ pending: 0 });
    const second = await one.cli(['local']);
    expect(second.code).toBe(6);
    expect(second.stderr).toContain(String(one.process.pid));
    expect(await one.kill('SIGINT')).toBe(0);
  });
});
