import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/processes.ts';
import { ENV, isAlive, memoryMb } from '../spawner/use-runner.ts';
import { endPools, usePool } from './use-pool.ts';

afterEach(endPools);

interface Echo {
  value?: unknown;
  pid: number;
  variable?: string;
}

/** The most memory that a process ever had, in MB; 0 once it has ended. */
function peakOf(pid: number): number {
  try {
    return memoryMb(pid, 'VmHWM') || 0; // a zombie has none
  } catch {
    return 0;
  }
}

describe('a handler', () => {
  it('gets what its schema makes of the arguments, its context and its environment; its result comes back', async () => {
    const { pool, call } = await usePool();
    expect(pool.names).toEqual(['checked', 'echo', 'misbehave']);
    expect(pool.find('echo')).toEqual({ name: 'echo', timeoutSeconds: 60 });
    const { durationMs, ...end } = await call(
      'echo',
      { value: [1, { a: null }], variable: 'KEY', more: 1 },
      {
        attempt: 3,
        env: { ...ENV, KEY: 'first' },
      },
    ).done;
    expect(durationMs).toBeGreaterThan(0);
    expect(end).toEqual({
      stdout: '',
      stderr: '',
      result: expect.objectContaining({
        value: [1, { a: null }],
        taskId: 'a-task',
        queue: 'a-queue',
        attempt: 3,
        variable: 'first',
      }) as unknown,
    });
    // Credentials change under a host that stays, and go.
    const next = async (env: Record<string, string>) =>
      (await call('echo', { variable: 'KEY' }, { env }).done).result as Echo;
    const second = await next({ ...ENV, KEY: 'second' });
    expect(second).toMatchObject({ variable: 'second', pid: pool.pids[0] });
    expect(await next(ENV)).not.toHaveProperty('variable');
    expect(await next({ PATH: ENV.PATH })).toMatchObject({ pid: second.pid });
  });

  it('sees nothing of the worker’s environment', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'of the worker';
    try {
      const { call } = await usePool();
      for (const variable of ['AWS_SECRET_ACCESS_KEY', 'NODE_OPTIONS', 'VITEST'])
        expect((await call('echo', { variable }).done).result).not.toHaveProperty('variable');
    } finally {
      delete process.env['AWS_SECRET_ACCESS_KEY'];
    }
  });

  it('is not called with arguments that do not fit: invalid, for good', async () => {
    const { call } = await usePool();
    expect((await call('misbehave', { deed: 5 }).done).failure).toEqual({
      reason: 'invalid',
      error: 'the arguments do not fit misbehave: deed: Invalid input: expected string, received number',
      isFinal: true,
    });
    expect((await call('misbehave', 'text').done).failure).toMatchObject({ reason: 'invalid' });
    expect((await call('echo').done).result).toMatchObject({ attempt: 1 }); // none is like {}
  });

  it.each([
    ['throw', 'out', { reason: 'error', error: 'out' }],
    ['throwText', 'out', { reason: 'error', error: "it threw 'out'" }],
    ['giveUp', 'for good', { reason: 'error', error: 'for good', isFinal: true }],
    ['unhandled', '', { reason: 'error', error: 'nobody cared' }],
    ['bigint', '', { reason: 'error', error: expect.stringContaining('BigInt') as unknown }],
    ['oddError', '', { reason: 'error', error: '[object Object]' }],
    ['oddJson', '', { reason: 'error', error: 'what misbehave returned is no JSON: it threw null' }],
    ['cycle', '', { reason: 'error', error: expect.stringContaining('circular') as unknown }],
    ['function', '', { reason: 'error', error: 'what misbehave returned is no JSON: a function' }],
    ['large', '', { reason: 'error', error: expect.stringContaining('at most 262144 bytes') as unknown }],
    ['deep', '', { reason: 'error', error: expect.stringContaining('nested at most 200 deep') as unknown }],
    [
      'exit',
      '3',
      { reason: 'exit', error: expect.stringContaining('(exit 3) before it returned') as unknown },
    ],
    [
      'exit',
      '0',
      { reason: 'exit', error: expect.stringContaining('(exit 0) before it returned') as unknown },
    ],
    ['sigkill', '', { reason: 'signal', error: expect.stringContaining('ran out of memory') as unknown }],
  ])('that does this fails alone, and the next call succeeds: %s %s', async (deed, text, failure) => {
    const { call } = await usePool({ slots: 1 });
    const end = await call('misbehave', { deed, text }).done;
    expect(end.failure).toEqual(failure);
    if (deed.startsWith('throw'))
      expect(end.stderr).toMatch(deed === 'throw' ? /Error: out\n {4}at / : /out/);
    if (deed === 'exit') expect(end).toMatchObject({ exitCode: Number(text), stdout: 'bye\n' });
    if (deed === 'sigkill') expect(end.signal).toBe('SIGKILL');
    expect((await call('echo', { value: 'next' }).done).result).toMatchObject({ value: 'next' });
  });

  it('whose result does not fit its schema fails; one that returns nothing has none', async () => {
    const { call } = await usePool();
    expect((await call('checked').done).failure).toEqual({
      reason: 'error',
      error: 'what checked returned does not fit its result: Invalid input: expected number, received string',
    });
    expect(await call('misbehave', { deed: 'nothing' }).done).not.toHaveProperty('result');
  });

  it.each(['heap', 'buffers', 'oneBuffer'])(
    'that takes 4 GiB fails alone, far below that: %s',
    async (deed) => {
      const { pool, call } = await usePool({ slots: 1 });
      const [pid = 0] = pool.pids;
      let peakMb = 0;
      const timer = setInterval(() => (peakMb = Math.max(peakMb, peakOf(pid))), 20);
      const end = await call('misbehave', { deed }).done;
      clearInterval(timer);
      expect(['error', 'signal']).toContain(end.failure?.reason);
      expect(end.failure?.error).toMatch(/128 MiB/);
      expect(peakMb).toBeGreaterThan(0);
      expect(peakMb).toBeLessThan(128 + 200);
      expect((await call('echo', { value: 'next' }).done).result).toMatchObject({ value: 'next' });
    },
  );

  it('that takes 4 GiB where its process has no bound is ended by the worker that watches it', async () => {
    // Without `prlimit` to be found.
    const { call } = await usePool({ slots: 1, env: () => ({ PATH: '/nowhere' }) });
    const end = await call('misbehave', { deed: 'slowBuffers' }).done;
    expect(end).toMatchObject({ signal: 'SIGKILL', failure: { reason: 'signal' } });
    expect(end.failure?.error).toMatch(/it held \d+ MiB of memory, of which a handler may use 128 MiB here/);
    expect((await call('echo', { value: 'next' }).done).result).toMatchObject({ value: 'next' });
  });

  it('writes, in order, to the tails and to whoever listens; what its children write comes too; and tells its progress', async () => {
    const { call } = await usePool();
    const heard: string[] = [];
    const run = call(
      'misbehave',
      { deed: 'print' },
      { onOutput: (stream, text) => heard.push(`${stream} ${text}`) },
    );
    const end = await run.done;
    expect(end).toMatchObject({ stdout: 'one\ntwo { three: 3 }\n€', stderr: 'four\n' });
    expect(heard).toEqual(['stdout one\n', 'stdout two { three: 3 }\n', 'stderr four\n', 'stdout €']);
    expect(await call('misbehave', { deed: 'raw' }).done).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
    const waiting = call('misbehave', { deed: 'never' });
    await waiting.started;
    expect(await waiting.progress()).toBeUndefined();
    waiting.kill(0);
    await waiting.done;
  });
});

describe('killing', () => {
  it('aborts the signal and says why; a handler that returns within the grace has its result', async () => {
    const { call } = await usePool();
    let hasBegun = false;
    const run = call('misbehave', { deed: 'graceful' }, { onOutput: () => (hasBegun = true) });
    await until('the handler to begin', () => hasBegun);
    run.kill(5000, 'cancel');
    const end = await run.done;
    expect(end.result).toBe('the task was cancelled');
    expect(end.durationMs).toBeLessThan(3000);
  });

  it('ends a handler that does not return, when its grace is over', async () => {
    const { call } = await usePool();
    let hasBegun = false;
    const run = call('misbehave', { deed: 'never' }, { onOutput: () => (hasBegun = true) });
    await until('the handler to begin', () => hasBegun);
    const killedAt = performance.now();
    run.kill(1500, 'timeout');
    expect(await run.done).toMatchObject({ signal: 'SIGKILL' });
    expect(performance.now() - killedAt).toBeGreaterThan(1450);
  });

  it.each(['loop', 'flood'])(
    'ends one that blocks its event loop long before its grace is over: %s',
    async (deed) => {
      const { call } = await usePool();
      let hasBegun = false;
      const run = call('misbehave', { deed }, { onOutput: () => (hasBegun = true) });
      await until('the handler to begin', () => hasBegun);
      const killedAt = performance.now();
      run.kill(30_000, 'timeout');
      const end = await run.done;
      expect(end).toMatchObject({
        signal: 'SIGKILL',
        failure: { error: expect.stringContaining('blocked') as unknown },
      });
      expect(Buffer.byteLength(end.stdout)).toBeLessThanOrEqual(8192);
      expect(performance.now() - killedAt).toBeLessThan(10_000);
    },
  );

  it('takes the handler’s children with it', async () => {
    const { call } = await usePool();
    let printed = '';
    const run = call(
      'misbehave',
      { deed: 'childThenNever', text: '300' },
      { onOutput: (_, text) => (printed += text) },
    );
    const child = Number(await until('the child to start', () => printed.includes('\n') && printed));
    expect(isAlive(child)).toBe(true);
    run.kill(100, 'timeout');
    await run.done;
    expect(isAlive(child)).toBe(false);
  });

  it('of a call that waits for a host ends it before it begins', async () => {
    const { call } = await usePool({ slots: 1 });
    const first = call('misbehave', { deed: 'never' });
    const second = call('echo');
    second.kill(1000, 'stop');
    expect(await second.done).toMatchObject({ signal: 'SIGTERM', stdout: '' });
    first.kill(0);
    await first.done;
  });
});

describe('what a handler leaves behind', () => {
  it('ends with it, when it is a child process', async () => {
    const { call } = await usePool();
    const { result } = await call('misbehave', { deed: 'child', text: '300' }).done;
    expect(isAlive(result as number)).toBe(false);
  });

  it('ends with it, also outside of its group and when it ended its process itself', async () => {
    const { call } = await usePool();
    const { stdout, exitCode } = await call('misbehave', { deed: 'daemonThenExit', text: '300' }).done;
    expect(exitCode).toBe(3);
    expect(isAlive(Number(stdout))).toBe(false);
  });

  it.each([
    'Object.prototype',
    'Promise',
    'Date.now',
    'Array.prototype.push',
    'JSON.stringify',
    'process.stdout.write',
    'process.getActiveResourcesInfo',
  ])('meets no other call, when it is a change of what all code shares: %s', async (text) => {
    const { pool, call } = await usePool({ slots: 1 });
    const [pid] = pool.pids;
    const end = await call('misbehave', { deed: 'patch', text }).done;
    expect(end.stderr).toContain(`it changed ${text}, which all handlers of a process share`);
    const { result } = await call('echo', { value: 'next' }).done;
    expect(result).toMatchObject({ value: 'next' });
    expect((result as Echo).pid).not.toBe(pid);
  });

  it('meets no other call, when it is a change of the environment', async () => {
    const { pool, call } = await usePool({ slots: 1 });
    const see = async (variable: string) => ((await call('echo', { variable }).done).result as Echo).variable;
    const names = ['PATH', 'LANG', 'MILLRACE_QUEUE', 'ADDED'];
    const before = await Promise.all(names.map(see));
    const [pid] = pool.pids;
    await call('misbehave', { deed: 'setVariables' }).done;
    expect(await Promise.all(names.map(see))).toEqual(before);
    expect(pool.pids).toEqual([pid]);
  });

  it('fails no other call: an error between calls has the host replaced', async () => {
    const { pool, call, logged } = await usePool({ slots: 1 });
    const [pid] = pool.pids;
    expect((await call('misbehave', { deed: 'late', text: '20' }).done).result).toBe('returned');
    await until('the host to go', () => !isAlive(pid ?? 0));
    expect(logged.join('\n')).toContain('too late');
    const { result } = await call('echo').done;
    expect((result as Echo).pid).not.toBe(pid);
  });

  it('fails no other call: an error during the next one is not the next one’s, nor is what it prints', async () => {
    const { pool, call, logged } = await usePool({ slots: 1 });
    const [pid] = pool.pids;
    await call('misbehave', { deed: 'late', text: '200' }).done;
    let hasBegun = false;
    const next = call('misbehave', { deed: 'graceful' }, { onOutput: () => (hasBegun = true) });
    await until('the next to begin', () => hasBegun);
    await until('the error', () => logged.some((line) => line.includes('had left something behind')));
    expect(isAlive(pid ?? 0)).toBe(true);
    next.kill(5000, 'cancel');
    expect(await next.done).toMatchObject({
      result: 'the task was cancelled',
      stdout: 'begun\n',
      stderr: '',
    });
    await until('the host to go', () => !isAlive(pid ?? 0));
  });
});
