import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endAll, processesWith, until, type Started } from '../support/processes.ts';
import { InstalledPackage } from './installed-package.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, 'fixtures', name), 'utf8');

describe('the installed package', () => {
  let installed: InstalledPackage;
  let stack: Started | undefined;

  beforeAll(async () => {
    installed = await InstalledPackage.install();
  });
  afterAll(async () => {
    if (stack && processesWith(installed.home).length > 0) process.kill(-stack.pid, 'SIGKILL');
    await endAll();
    await installed?.remove();
  });

  test('has what it needs, no sources, and no more than it must weigh', () => {
    expect(installed.files).toEqual(
      expect.arrayContaining([
        ...[
          'README.md',
          'package.json',
          'bin/millrace.js',
          'dist/cli.js',
          'dist/spawner-main.js',
          'dist/handler-host-main.js',
          'dist/define-task.js',
          'dist/tasks/hello.js',
          'dist/client.js',
        ],
        ...['dist/infra/millrace.js', 'dist/types/infra/millrace.d.ts', 'dist/functions/api/main.mjs'],
        ...[
          'dist/worker-image/Dockerfile',
          'dist/worker-image/worker.js',
          'dist/worker-image/spawner-main.js',
          'dist/worker-image/handler-host-main.js',
          'dist/worker-image/tasks/hello.mjs',
        ],
      ]),
    );
    const kinds = installed.files.filter(
      (path) => !/^(bin|dist)\/|^(README|CHANGELOG)\.md$|^package\.json$/.test(path),
    );
    expect(kinds).toEqual([]);
    expect(installed.files.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([]);
    expect(installed.tarballBytes).toBeLessThan(3_000_000);
  });

  test('tells its version', async () => {
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'),
    ) as { version: string };
    expect(await installed.npx('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test('runs a stack with a worker, which runs tasks and the handlers of the folder, and leaves nothing behind', async () => {
    await mkdir(join(installed.home, 'tasks'));
    await installed.write('tasks/shout.ts', await fixture('tasks/shout.ts'));
    const any = ['--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'];
    const started = installed.startNpx('local', '--memory', '--json', '--workers', '1', ...any);
    stack = started;
    await until('the stack to be ready', () => {
      if (started.child.exitCode !== null) throw new Error(`it ended: ${started.stderr()}`);
      return started.stdout().includes('"ready":true');
    });
    const { stdout, stderr } = await installed.npx('create', 'default', 'echo hi', '--wait', '--json');
    expect(JSON.parse(stdout), stderr).toMatchObject({ state: 'SUCCEEDED', stdout: 'hi\n' });
    const call = async (task: object) => {
      const { api } = JSON.parse(started.stdout()) as { api: string };
      const { username, password, origin } = new URL(api);
      const headers = {
        authorization: `Basic ${btoa(`${username}:${password}`)}`,
        'content-type': 'application/json',
      };
      const post = { method: 'POST', headers, body: JSON.stringify(task) };
      const { id } = (await (await fetch(`${origin}/v1/queues/default/tasks`, post)).json()) as {
        id: string;
      };
      return (await (await fetch(`${origin}/v1/tasks/${id}?wait=20`, { headers })).json()) as object;
    };
    expect(await call({ handler: 'shout', args: { text: 'mine' } })).toMatchObject({ result: 'MINE!' });
    expect(await call({ handler: 'shout', args: { text: '' } })).toMatchObject({
      state: 'FAILED',
      attempt: 1,
    });
    const own = await installed.npx('work', 'default', 'once', '--json');
    expect(own.code, own.stderr).toBe(3);
    expect(own.stderr).toContain('"handlers":["shout"]');
    await rm(join(installed.home, 'tasks'), { recursive: true });
    const shipped = await installed.npx('work', 'default', 'once', '--json');
    expect(shipped.stderr).toContain('"handlers":["delayed_add","hello","panic","sleep"]');
    process.kill(-started.pid, 'SIGINT'); // Ctrl-C
    await until('its processes to end', () => processesWith(installed.home).length === 0);
  });

  test('is a client for programs, with its types', async () => {
    await installed.write('client.mjs', await fixture('client.mjs'));
    expect(await installed.node('client.mjs')).toEqual({ code: 0, stdout: 'unavailable\n', stderr: '' });
  });

  describe('in a CDK app', () => {
    beforeAll(async () => {
      await installed.link('aws-cdk-lib', 'constructs');
    });

    test('has types that refuse what is wrong', async () => {
      await installed.write('consumer.ts', await fixture('consumer.ts'));
      await mkdir(join(installed.home, 'tasks'), { recursive: true });
      await installed.write('tasks/shout.ts', await fixture('tasks/shout.ts'));
      await installed.write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            strict: true,
            noEmit: true,
            module: 'nodenext',
            lib: ['es2024', 'dom'],
            types: [],
            skipLibCheck: true,
          },
          files: ['consumer.ts', 'tasks/shout.ts'],
        }),
      );
      const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
      expect(await installed.node(tsc, '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test('bundles the handlers of the app into the image, and says what it needs for that', async () => {
      await mkdir(join(installed.home, 'tasks'), { recursive: true });
      await installed.write('tasks/shout.ts', await fixture('tasks/shout.ts'));
      await installed.write('with-tasks.mjs', await fixture('with-tasks.mjs'));
      const without = await installed.node('with-tasks.mjs');
      expect(without.stderr).toContain('npm install -D esbuild');
      await installed.link('esbuild');
      const { code, stderr, stdout } = await installed.node('with-tasks.mjs');
      expect(code, stderr).toBe(0);
      const context = join(installed.home, 'cdk.out', stdout.trim());
      expect(await readdir(join(context, 'tasks'))).toEqual(expect.arrayContaining(['shout.mjs']));
      expect(await readdir(join(context, 'tasks'))).not.toContain('hello.mjs');
      expect(await readdir(context)).toEqual(expect.arrayContaining(['Dockerfile', 'worker.js']));
    });

    test('is a construct that needs no bundler and no Docker to be synthesised', async () => {
      await installed.write('app.mjs', await fixture('app.mjs'));
      const { code, stdout, stderr } = await installed.node('app.mjs');
      expect(code, stderr).toBe(0);
      const { handlers, outputs } = JSON.parse(stdout) as { handlers: string[][]; outputs: string[] };
      expect(handlers).toHaveLength(3);
      for (const files of handlers) expect(files).toContain('main.mjs');
      expect(outputs).toEqual(expect.arrayContaining(['ApiUrl', 'TableName', 'Queues', 'QueueUrlMail']));
    });
  });
});
