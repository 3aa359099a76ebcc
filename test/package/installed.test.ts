import { readFile } from 'node:fs/promises';
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
          'dist/client.js',
        ],
        ...['dist/infra/millrace.js', 'dist/types/infra/millrace.d.ts', 'dist/functions/api/main.mjs'],
        ...[
          'dist/worker-image/Dockerfile',
          'dist/worker-image/worker.js',
          'dist/worker-image/spawner-main.js',
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

  test('runs a stack with a worker, which runs a task, and leaves nothing behind', async () => {
    const any = ['--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'];
    const started = installed.startNpx('local', '--memory', '--json', '--workers', '1', ...any);
    stack = started;
    await until('the stack to be ready', () => {
      if (started.child.exitCode !== null) throw new Error(`it ended: ${started.stderr()}`);
      return started.stdout().includes('"ready":true');
    });
    const { stdout, stderr } = await installed.npx('create', 'default', 'echo hi', '--wait', '--json');
    expect(JSON.parse(stdout), stderr).toMatchObject({ state: 'SUCCEEDED', stdout: 'hi\n' });
    const own = await installed.npx('work', 'default', 'once', '--json');
    expect(own.code, own.stderr).toBe(3);
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
          files: ['consumer.ts'],
        }),
      );
      const tsc = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
      expect(await installed.node(tsc, '-p', '.')).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test('is a construct that needs no bundler and no Docker to be synthesised', async () => {
      await installed.write('app.mjs', await fixture('app.mjs'));
      const { code, stdout, stderr } = await installed.node('app.mjs');
      expect(code, stderr).toBe(0);
      const { handlers, outputs } = JSON.parse(stdout) as { handlers: string[][]; outputs: string[] };
      expect(handlers).toHaveLength(3);
      for (const files of handlers) expect(files).toEqual(['main.mjs']);
      expect(outputs).toEqual(expect.arrayContaining(['ApiUrl', 'TableName', 'Queues', 'QueueUrlMail']));
    });
  });
});
