import { execFile, execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LogStream } from '../../src/worker/log-stream.ts';

const run = promisify(execFile);

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Both ends of a pipe that nobody reads yet, and whose writer is told when it is full. */
function openPipe(): { readFd: number; writeFd: number } {
  const path = join(makeFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readFd, writeFd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

const toLine = (number: number): string => `${String(number).padEnd(999, '.')}\n`;

describe('the log of a worker', () => {
  it('holds no more than it may while nobody reads it, then goes on, and says how much is lost', async () => {
    const { readFd, writeFd } = openPipe();
    const lost = Promise.withResolvers<number>();
    const stream = new LogStream(writeFd, lost.resolve, 100_000);
    for (let number = 0; number < 1000; number += 1) stream.write(toLine(number));
    const reader = new Socket({ fd: readFd, readable: true, writable: false });
    let read = '';
    reader.on('data', (piece: Buffer) => (read += piece.toString()));
    const lines = 1000 - (await lost.promise);
    expect(lines).toBe(100);
    stream.write('the end\n');
    stream.flushSync();
    closeSync(writeFd);
    await new Promise((resolve) => reader.on('close', resolve));
    expect(read).toBe(`${Array.from({ length: lines }, (_, number) => toLine(number)).join('')}the end\n`);
  });

  it('is whole at the end, whatever is being written then', async () => {
    const path = join(makeFolder(), 'log');
    const fd = openSync(path, 'w');
    const stream = new LogStream(fd, () => {});
    const wanted = Array.from({ length: 500 }, (_, number) => toLine(number));
    for (const line of wanted) stream.write(line);
    stream.flushSync();
    await expect
      .poll(() => readFileSync(path, 'utf8').split('\n').sort())
      .toEqual(wanted.join('').split('\n').sort());
    closeSync(fd);
  });

  it.each([
    ['a full disk', '> /dev/full'],
    ['a pipe without a reader', '| true'],
  ])('ends nobody on %s', async (_, target) => {
    const module = new URL('../../src/worker/log-stream.ts', import.meta.url).href;
    const program = `
      import { LogStream } from ${JSON.stringify(module)};
      const stream = new LogStream(1, () => {});
      stream.write('x'.repeat(10_000)); // at once
      process.once('beforeExit', () => stream.write('x'.repeat(10_000)));
      process.stderr.write('done');`;
    const script = `"$0" --input-type=module -e "$1" ${target}`;
    const { stderr } = await run('bash', ['-o', 'pipefail', '-c', script, process.execPath, program]);
    expect(stderr).toMatch(/done$/);
  });
});
