import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ANY_PORT } from '../../src/local/choose-port.ts';
import { startGuardedServer } from '../../src/local/guarded-server.ts';
import {
  findDataDir,
  isAlive,
  readStackFile,
  removeStackFile,
  writeStackFile,
  type Stack,
} from '../../src/local/stack-file.ts';
import { KEY } from './embedded-servers.ts';
import { makeTempDir } from './temp-dir.ts';

function makeStack(change: Partial<Stack> = {}): Stack {
  return {
    pid: process.pid,
    startedAt: '2026-01-01T00:00:00.000Z',
    api: `http://millrace:${KEY}@127.0.0.1:7070`,
    sqs: 'http://127.0.0.1:7071',
    dynamodb: 'http://127.0.0.1:7072',
    region: 'us-east-1',
    ports: { api: 7070, sqs: 7071, dynamodb: 7072 },
    memory: false,
    ...change,
  };
}

describe('the stack file', () => {
  it('is read as it was written, by this user alone, and leaves no other file', async () => {
    const dir = makeTempDir();
    expect(await readStackFile(dir)).toBeUndefined();
    await writeStackFile(dir, makeStack());
    await writeStackFile(dir, makeStack({ memory: true }));
    expect(await readStackFile(dir)).toEqual(makeStack({ memory: true }));
    expect(statSync(join(dir, 'stack.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['stack.json']);
  });

  it('is removed by the start that wrote it, and by no other', async () => {
    const dir = makeTempDir();
    await writeStackFile(dir, makeStack());
    await removeStackFile(dir, { pid: process.pid, startedAt: '2025-01-01T00:00:00.000Z' });
    await removeStackFile(dir, { pid: process.pid + 1, startedAt: makeStack().startedAt });
    expect(await readStackFile(dir)).toEqual(makeStack());
    await removeStackFile(dir, makeStack());
    expect(readdirSync(dir)).toEqual([]);
    await removeStackFile(dir, makeStack());
  });

  it.each(['', '{"pid":1}', 'null'])('is an error that says what to do when it holds %j', async (content) => {
    const dir = makeTempDir();
    writeFileSync(join(dir, 'stack.json'), content);
    await expect(readStackFile(dir)).rejects.toThrow(/delete it if no stack runs there/);
    await removeStackFile(dir, makeStack());
    expect(readdirSync(dir)).toEqual(['stack.json']);
  });
});

describe('the data folder of a command', () => {
  it('is the one that MILLRACE_DATA names, seen from where the command runs', () => {
    expect(findDataDir('/srv/a', { MILLRACE_DATA: '../data' })).toBe('/srv/data');
    expect(findDataDir('/srv/a', { MILLRACE_DATA: '/data' })).toBe('/data');
  });

  it('is the nearest upwards with a stack, else the one right here', async () => {
    const root = makeTempDir();
    const deep = join(root, 'a', 'b');
    mkdirSync(join(deep, '.millrace'), { recursive: true });
    mkdirSync(join(root, '.millrace'));
    expect(findDataDir(deep, {})).toBe(join(deep, '.millrace'));
    await writeStackFile(join(root, '.millrace'), makeStack());
    expect(findDataDir(deep, { MILLRACE_DATA: '' })).toBe(join(root, '.millrace'));
    await writeStackFile(join(deep, '.millrace'), makeStack());
    expect(findDataDir(deep, {})).toBe(join(deep, '.millrace'));
  });
});

describe('a stack', () => {
  async function startApi(status: number): Promise<Stack> {
    const server = createServer((request, response) =>
      response.writeHead(request.url === '/healthz' ? status : 404).end(),
    );
    const { port, close } = await startGuardedServer({ server, port: ANY_PORT, key: KEY, scheme: 'basic' });
    onTestFinished(close);
    return makeStack({ api: `http://millrace:${KEY}@127.0.0.1:${port}` });
  }

  it('is alive when its API answers to its key, be it with trouble', async () => {
    expect(await isAlive(await startApi(200))).toBe(true);
    expect(await isAlive(await startApi(503))).toBe(true);
  });

  it('is not alive when its port is now another stack’s or another program’s', async () => {
    const stack = await startApi(200);
    expect(await isAlive({ ...stack, api: stack.api.replace(KEY, KEY.toLowerCase()) })).toBe(false);
    expect(await isAlive(await startApi(404))).toBe(false);
  });

  it('is not alive when nothing listens, or nothing answers in time', async () => {
    const silent = createServer(() => undefined);
    const { port, close } = await startGuardedServer({
      server: silent,
      port: ANY_PORT,
      key: KEY,
      scheme: 'basic',
    });
    const stack = makeStack({ api: `http://millrace:${KEY}@127.0.0.1:${port}` });
    expect(await isAlive(stack, { timeoutMs: 50 })).toBe(false);
    await close();
    expect(await isAlive(stack)).toBe(false);
  });

  it('is not alive when its process has gone, whatever answers', async () => {
    const noProcess = 2 ** 30;
    expect(await isAlive({ ...(await startApi(200)), pid: noProcess })).toBe(false);
  });
});
