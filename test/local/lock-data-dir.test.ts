import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lockDataDir } from '../../src/local/lock-data-dir.ts';
import { writeStackFile } from '../../src/local/stack-file.ts';
import { startEmbeddedAws } from './embedded-aws-process.ts';
import { makeTempDir } from './temp-dir.ts';

it('is held by one at a time, also within a process', async () => {
  const dir = join(makeTempDir(), 'data');
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDir(dir)));
  const locks = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  expect(locks).toHaveLength(1);
  await expect(lockDataDir(dir)).rejects.toThrow(/to be free, but another start holds it/);
  locks[0]?.release();
  locks[0]?.release();
  (await lockDataDir(dir)).release();
});

it('is refused while another process holds it, whose stack is named, and is free once that was killed', async () => {
  const dir = makeTempDir();
  const holder = await startEmbeddedAws(dir);
  await writeStackFile(dir, {
    pid: holder.pid,
    startedAt: '2026-01-01T00:00:00.000Z',
    api: 'http://millrace:x@127.0.0.1:1',
    ...{ sqs: holder.sqs, dynamodb: holder.dynamodb, region: 'us-east-1', memory: false },
    ports: { api: 1, sqs: 1, dynamodb: 1 },
  });
  await expect(lockDataDir(dir)).rejects.toThrow(new RegExp(`the stack of process ${holder.pid} holds it`));
  await holder.kill();
  (await lockDataDir(dir)).release();
});

it('is not held on by a child process that outlives its holder', async () => {
  const dir = makeTempDir();
  const lock = await lockDataDir(dir);
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await once(child, 'spawn');
  lock.release();
  (await lockDataDir(dir)).release();
});
