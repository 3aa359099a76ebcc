import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaskList } from '../../src/core/list-tasks.ts';
import type { QueueProgress } from '../../src/core/progress.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, processesWith, until } from '../support/processes.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/tasks');

describe('named handlers', () => {
  const stacks: LocalStack[] = [];
  const startStack = async (...args: string[]): Promise<LocalStack> => {
    const stack = await LocalStack.start(['--memory', ...args]);
    stacks.push(stack);
    symlinkSync(FIXTURES, join(stack.home, 'handlers')); // by a path that tells its hosts from those of other stacks
    return stack;
  };
  afterEach(async () => {
    await endAll();
    for (const stack of stacks.splice(0)) await stack.remove();
  });
  const enqueue = async (stack: LocalStack, task: object): Promise<string> => {
    const answer = await stack.fetch('/v1/queues/default/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(task),
    });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as TaskView).id;
  };
  const ended = async (stack: LocalStack, id: string): Promise<TaskView> =>
    until('its end', async () => {
      const task = (await (await stack.fetch(`/v1/tasks/${id}?wait=10`)).json()) as TaskView;
      return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(task.state) && task;
    });
  const load = async (stack: LocalStack, tasks: readonly object[]): Promise<void> => {
    const file = join(stack.home, 'tasks.ndjson');
    writeFileSync(file, tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
    expect((await stack.cli(['load', 'default', file])).code).toBe(0);
  };
  const hostsOf = (stack: LocalStack): number[] =>
    processesWith(join(stack.home, 'handlers')).filter((pid) =>
      processesWith('handler-host-main').includes(pid),
    );

  test('that come along run in a worker that was told of none', async () => {
    const stack = await startStack('--workers', '1');
    const sum = await enqueue(stack, { handler: 'delayed_add', args: { x: 4, y: 10, seconds: 0.01 } });
    expect(await ended(stack, sum)).toMatchObject({
      state: 'SUCCEEDED',
      result: 14,
      stdout: 'delayed add begins: 4 + 10 = ??\ndelayed add finished: 4 + 10 = 14\n',
    });
    const hello = await enqueue(stack, { handler: 'hello', args: { name: 'you' } });
    expect(await ended(stack, hello)).toMatchObject({ state: 'SUCCEEDED', result: 'Hello, you!' });
    const wrong = await enqueue(stack, { handler: 'hello', args: { name: '' } });
    expect(await ended(stack, wrong)).toMatchObject({ state: 'FAILED', reason: 'invalid', attempt: 1 });
    const panic = await enqueue(stack, { handler: 'panic', maxAttempts: 1 });
    expect(await ended(stack, panic)).toMatchObject({ state: 'FAILED', reason: 'error', error: 'panic!' });
    const slow = await enqueue(stack, {
      handler: 'sleep',
      args: { seconds: 600 },
      timeoutSeconds: 1,
      maxAttempts: 1,
    });
    expect(await ended(stack, slow)).toMatchObject({ state: 'FAILED', reason: 'timeout' });
    const running = await enqueue(stack, { handler: 'sleep', args: { seconds: 600 } });
    await until(
      'it to run',
      async () => (await stack.json<TaskView>(['status', running])).state === 'RUNNING',
    );
    expect((await stack.cli(['cancel', running])).code).toBe(0);
    expect(await ended(stack, running)).toMatchObject({ state: 'CANCELLED' });
  });

  test('are found in the folder’s own tasks, or where the worker is told; what is wrong there is told', async () => {
    const stack = await startStack();
    mkdirSync(join(stack.home, 'tasks'));
    const schema = 'args: { safeParseAsync: async (data) => ({ success: true, data }) }';
    const write = (name: string, code: string): void => writeFileSync(join(stack.home, 'tasks', name), code);
    write(
      'own.mjs',
      `const defineTask = (it) => it; export default defineTask({ name: 'own', ${schema}, run: () => 'mine' });`,
    );
    const own = await enqueue(stack, { handler: 'own' });
    expect((await stack.cli(['work', 'default', 'until-empty'])).code).toBe(0);
    expect(await ended(stack, own)).toMatchObject({ state: 'SUCCEEDED', result: 'mine' });
    const echo = await enqueue(stack, { handler: 'echo', args: { value: 5 } });
    expect((await stack.cli(['work', 'default', 'until-empty', '--tasks', 'handlers'])).code).toBe(0);
    expect(await ended(stack, echo)).toMatchObject({ state: 'SUCCEEDED', result: { value: 5, attempt: 1 } });
    write(
      'once.mjs',
      `export default { name: 'once', maxAttempts: 1, ${schema}, run() { throw new Error('no') } };`,
    );
    const once = await enqueue(stack, { handler: 'once' });
    expect((await stack.cli(['work', 'default', 'until-empty'])).code).toBe(0);
    expect(await ended(stack, once)).toMatchObject({ state: 'FAILED', attempt: 1, maxAttempts: 1 });
    write('broken.mjs', 'throw new Error("half written")');
    const { code, stderr } = await stack.cli(['work', 'default', 'once']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/tasks\/broken\.mjs: half written/);
    const nowhere = await stack.cli(['work', 'default', 'once', '--tasks', 'nowhere']);
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain('There are no handlers in');
  });

  test('a panic, an endless loop, an exit and 4 GiB among a thousand good tasks harm none but themselves', async () => {
    const stack = await startStack();
    const guilty = ['throw', 'loop', 'exit', 'heap', 'buffers'].map((deed) => ({
      handler: 'misbehave',
      args: { deed, text: '1' },
      timeoutSeconds: 2,
      maxAttempts: 1,
    }));
    const good = Array.from({ length: 1000 }, (_, value) => ({
      handler: 'echo',
      args: { value },
      maxAttempts: 1,
    }));
    const tasks: object[] = [...good];
    guilty.forEach((task, n) => tasks.splice(100 + n * 150, 0, task));
    await load(stack, tasks);
    const worker = stack.startCli([
      'work',
      'default',
      'until-empty',
      '--slots',
      '4',
      '--tasks',
      'handlers',
      '--handler-memory',
      '128',
    ]);
    expect(await worker.exit, worker.stderr()).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'default'])).toMatchObject({
      succeeded: good.length,
      failed: guilty.length,
      total: tasks.length,
    });
    const { tasks: failed } = await stack.json<TaskList>(['peek', 'default', 'failed', '20']);
    expect(failed.map(({ reason }) => reason).sort()).toEqual(
      expect.arrayContaining(['error', 'exit', 'signal', 'timeout']),
    );
    expect(failed.every(({ handler, attempt }) => handler === 'misbehave' && attempt === 1)).toBe(true);
    await until('its hosts to end', () => hostsOf(stack).length === 0);
  });

  test('die with a worker that is killed, whatever they do; another worker ends their tasks', async () => {
    const stack = await startStack();
    await stack.cli(['queue', 'add', 'crash', '--lease', '3']);
    const deeds = ['loop', 'never', 'flood'].map((deed) => ({ handler: 'misbehave', args: { deed } }));
    const file = join(stack.home, 'crash.ndjson');
    writeFileSync(file, deeds.map((task) => `${JSON.stringify({ ...task, timeoutSeconds: 60 })}\n`).join(''));
    await stack.cli(['load', 'crash', file]);
    const args = ['--slots', '3', '--tasks', 'handlers'];
    const worker = stack.startCli(['work', 'crash', 'forever', ...args]);
    await until('all to run', async () => {
      const { tasks } = await stack.json<TaskList>(['peek', 'crash', 'running', '5']);
      return tasks.length === 3 && hostsOf(stack).length === 3;
    });
    const hosts = hostsOf(stack);
    worker.child.kill('SIGKILL');
    await until('their hosts to end', () => !hostsOf(stack).some((pid) => hosts.includes(pid)), 5000);
    await stack.cli(['purge', 'crash', '--yes']);
    expect((await stack.cli(['work', 'crash', 'until-empty', ...args])).code).toBe(0);
    expect(await stack.json<QueueProgress>(['progress', 'crash'])).toMatchObject({
      total: 3,
      running: 0,
      pending: 0,
    });
  });
});
