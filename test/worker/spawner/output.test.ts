import { afterEach, expect, it } from 'vitest';
import type { ProgramRunner } from '../../../src/worker/spawner/program-runner.ts';
import { ENV, eachWay, endRunners, memoryMb, runCommand, useRunner } from './use-runner.ts';

afterEach(endRunners);

/** Runs a command, and joins what is passed on while it runs. */
async function runAndListen(runner: ProgramRunner, command: string) {
  const heard = { stdout: '', stderr: '' };
  const end = await runCommand(runner, command, { onOutput: (stream, text) => void (heard[stream] += text) });
  return { end, heard };
}

eachWay(() => {
  it('STDOUT and STDERR are passed on as they come, and their tails kept', async () => {
    const { runner } = await useRunner();
    const { end, heard } = await runAndListen(runner, 'echo out; echo err >&2; printf "no newline"');
    expect(heard).toEqual({ stdout: 'out\nno newline', stderr: 'err\n' });
    expect(end).toMatchObject(heard);
  });

  it('output is heard before the program ends', async () => {
    const { runner } = await useRunner();
    const heard = Promise.withResolvers<string>();
    const run = runner.run({
      runId: 'a',
      program: { command: 'echo first; sleep 300' },
      env: ENV,
      onOutput: (_, text) => heard.resolve(text),
    });
    expect(await heard.promise).toBe('first\n');
    run.kill(0);
    expect(await run.done).toMatchObject({ signal: 'SIGKILL', stdout: 'first\n' });
  });

  it('a program may open /dev/stdout and /dev/stderr again', async () => {
    const { runner } = await useRunner();
    const end = await runCommand(
      runner,
      'echo a > /dev/stderr; echo b | tee /dev/stderr; echo c > /dev/stdout',
    );
    expect(end).toMatchObject({ exitCode: 0, stdout: 'b\nc\n', stderr: 'a\nb\n' });
  });

  it('a character that arrives in pieces is one character', async () => {
    const { runner } = await useRunner();
    const euro = "printf '\\342'; sleep 0.05; printf '\\202'; sleep 0.05; printf '\\254|'";
    const { end, heard } = await runAndListen(runner, euro);
    expect(heard.stdout).toBe('€|');
    expect(end.stdout).toBe('€|');
  });

  it('bytes that are no UTF-8 are replaced, and NUL is kept', async () => {
    const { runner } = await useRunner();
    const { end, heard } = await runAndListen(runner, "printf 'a\\377b\\000c\\303'");
    expect(heard.stdout).toBe('a\ufffdb\0c\ufffd');
    expect(end.stdout).toBe('a\ufffdb\0c\ufffd');
  });

  it('a long output is cut to its end, within the bytes allowed and on a whole character', async () => {
    const { runner } = await useRunner({ tailBytes: 100 });
    const { end, heard } = await runAndListen(
      runner,
      'for i in $(seq 1 2000); do printf ü; done; printf END',
    );
    expect(heard.stdout).toBe(`${'ü'.repeat(2000)}END`);
    expect(end.stdout).toMatch(/^…ü+END$/);
    expect(Buffer.byteLength(end.stdout)).toBeLessThanOrEqual(100);
    expect(Buffer.byteLength(end.stdout)).toBeGreaterThan(95);
  });

  it('a tail of binary noise is valid, and not longer than allowed', async () => {
    const { runner } = await useRunner({ tailBytes: 1000 });
    const { stdout } = await runCommand(runner, 'head -c 100000 /dev/urandom');
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(1000);
    expect(stdout.isWellFormed()).toBe(true);
  });

  it('500 MB pass through bounded memory, and arrive whole', async () => {
    const { runner } = await useRunner();
    const before = memoryMb(process.pid, 'VmHWM');
    let length = 0;
    const end = await runCommand(runner, 'head -c 500000000 /dev/zero; echo end', {
      onOutput: (_, text) => void (length += text.length),
    });
    expect(length).toBe(500_000_004);
    expect(end).toMatchObject({ exitCode: 0 });
    expect(end.stdout).toMatch(/^…\0+end\n$/);
    expect(memoryMb(runner.pid, 'VmHWM')).toBeLessThan(200);
    expect(memoryMb(process.pid, 'VmHWM') - before).toBeLessThan(150);
  });

  it('a worker that does not listen holds its programs up, not the spawner’s memory', async () => {
    const { runner } = await useRunner();
    const before = memoryMb(runner.pid, 'VmHWM');
    let pieces = 0;
    let grownMb = 0;
    const stall = (): void => {
      if (pieces++ > 0) return;
      // The whole event loop of the worker stands still, as under a long garbage collection.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      grownMb = memoryMb(runner.pid, 'VmHWM') - before;
    };
    const floods = ['a', 'b', 'c', 'd'].map((runId) =>
      runCommand(runner, 'head -c 100000000 /dev/zero', { runId, onOutput: stall }),
    );
    const ends = await Promise.all(floods);
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    expect(pieces).toBeGreaterThan(100);
    expect(grownMb).toBeLessThan(50);
  });

  it('what a program left in its pipe is read although the worker does not keep up', async () => {
    const { runner } = await useRunner();
    let stalled = false;
    const end = await runCommand(runner, 'head -c 300000 /dev/zero; echo end', {
      onOutput: () => {
        if (!stalled) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
        stalled = true;
      },
    });
    expect(end.stdout).toMatch(/end\n$/);
  });
});
