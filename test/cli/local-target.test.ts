import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeStackFile, type Stack } from '../../src/local/stack-file.ts';
import { ScriptedServer } from '../client/scripted-server.ts';
import { endAll, run } from '../support/processes.ts';
import { CliUnderTest } from './millrace-process.ts';

const KEY = "it's a key";

describe('the local stack of a folder', () => {
  let cli: CliUnderTest;
  let server: ScriptedServer;
  let stack: Stack;

  beforeEach(async () => {
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start(() => ({ json: { queues: [] } }));
    const { port } = server;
    stack = {
      pid: process.pid,
      startedAt: '2026-03-01T09:30:00.000Z',
      api: `http://millrace:${encodeURIComponent(KEY)}@127.0.0.1:${port}`,
      sqs: 'http://127.0.0.1:2',
      dynamodb: 'http://127.0.0.1:3',
      region: 'us-east-1',
      ports: { api: port, sqs: 2, dynamodb: 3 },
      memory: false,
    };
    await mkdir(cli.path('data'), { mode: 0o700 });
    await writeStackFile(cli.path('data'), stack);
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });

  test('is the target when nothing else is named', async () => {
    expect((await cli.run(['list', '--json'])).stdout).toBe('{"queues":[]}\n');
    const authorization = `Basic ${Buffer.from(`millrace:${KEY}`).toString('base64')}`;
    expect(server.received.at(-1)).toMatchObject({ path: '/v1/queues', headers: { authorization } });
  });

  test('is not when its process has ended', async () => {
    const { stdout } = await run(process.execPath, ['-p', 'process.pid']);
    await writeStackFile(cli.path('data'), { ...stack, pid: Number(stdout) });
    const { code, stderr } = await cli.run(['list']);
    expect(code).toBe(7);
    expect(stderr).toContain('does not run any more');
    expect(server.received).toEqual([]);
  });

  test('with a file that nobody understands is none, and the message says what to do', async () => {
    await writeFile(cli.path('data', 'stack.json'), '{');
    const { code, stderr } = await cli.run(['list']);
    expect(code).toBe(7);
    expect(stderr).toContain('stack.json');
  });

  test('is what `env` exports, quoted for the shell', async () => {
    const { stdout } = await cli.run(['env']);
    const script = `${stdout}\nprintf '%s\\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_ENDPOINT_URL_SQS" "$AWS_REGION" "$MILLRACE_API_URL"`;
    const shell = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    expect(shell.split('\n')).toEqual([KEY, KEY, stack.sqs, stack.region, stack.api, '']);
    expect(JSON.parse((await cli.run(['env', '--json'])).stdout)).toMatchObject({
      AWS_ENDPOINT_URL_DYNAMODB: stack.dynamodb,
    });
  });

  test('is known again by its address in the environment', async () => {
    cli.url = stack.api;
    expect((await cli.run(['env'])).code).toBe(0);
  });
});
