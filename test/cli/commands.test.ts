import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problem, ScriptedServer, taskReply } from '../client/scripted-server.ts';
import { freePort } from '../support/free-port.ts';
import { endAll, until } from '../support/processes.ts';
import { CliUnderTest } from './millrace-process.ts';

const queue = (name: string, counts: Record<string, number> = {}) => ({
  queue: name,
  ...{ total: 0, pending: 0, delayed: 0, running: 0, expired: 0, succeeded: 0, failed: 0, cancelled: 0 },
  ...counts,
  paused: false,
});

describe('millrace', () => {
  let cli: CliUnderTest;
  let server: ScriptedServer;

  beforeEach(async () => {
    cli = await CliUnderTest.make();
    server = await ScriptedServer.start(() => taskReply('t1', 'PENDING'));
    cli.url = server.url;
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });
  const sent = () =>
    server.received.map(({ body }) =>
      body.length > 0 ? (JSON.parse(body.toString()) as unknown) : undefined,
    );

  describe('run', () => {
    test('sends key=value as JSON where it is JSON, else as text, and adds --args', async () => {
      const words = ['x=4', 'name=Ada', 'text="4"', 'list=[1,{"a":null}]', 'empty=', 'eq=a=b'];
      expect(await cli.run(['run', 'delayed_add', ...words, '--args', '{"y":10,"x":1}'])).toEqual({
        code: 0,
        stdout: 't1\n',
        stderr: '',
      });
      const args = { y: 10, x: 4, name: 'Ada', text: '4', list: [1, { a: null }], empty: '', eq: 'a=b' };
      expect(sent()).toEqual([{ handler: 'delayed_add', args }]);
      expect(server.received[0]?.path).toBe('/v1/queues/default/tasks');
    });

    test('sends any JSON and all settings to the queue that is named', async () => {
      const settings = ['--timeout', '5', '--max-attempts', '2', '--delay', '1', '--tenant', 'a'];
      await cli.run(['run', 'sum', '--args', '[1,2]', '--queue', 'math', ...settings]);
      expect(sent()).toEqual([
        {
          handler: 'sum',
          args: [1, 2],
          ...{ timeoutSeconds: 5, maxAttempts: 2, delaySeconds: 1, tenant: 'a' },
        },
      ]);
      expect(server.received[0]?.path).toBe('/v1/queues/math/tasks');
    });

    test('with --wait prints the result alone', async () => {
      server.script = () => taskReply('t1', 'SUCCEEDED', { result: 14 });
      expect(await cli.run(['run', 'delayed_add', 'x=4', 'y=10', '--wait'])).toEqual({
        code: 0,
        stdout: '14\n',
        stderr: 'task t1\n',
      });
    });

    test('with --wait shows why there is no result, and exits 1', async () => {
      server.script = () => taskReply('t1', 'FAILED');
      const { code, stdout } = await cli.run(['run', 'panic', '--wait']);
      expect([code, stdout]).toEqual([1, expect.stringContaining('FAILED')]);
    });

    test.each([
      [['run', 'a', 'x'], 'key=value'],
      [['run', 'a', 'x=1', '--args', '[1]'], 'only be added to an object'],
      [['run', 'a', '--args', '{x'], 'Expected JSON'],
    ])('refuses %j', async (argv, text) => {
      const { code, stderr } = await cli.run(argv);
      expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
      expect(server.received).toEqual([]);
    });
  });

  describe('create', () => {
    test('prints the id of the task and nothing else', async () => {
      expect(await cli.run(['create', 'default', 'echo hi'])).toEqual({
        code: 0,
        stdout: 't1\n',
        stderr: '',
      });
      expect(sent()).toEqual([{ command: 'echo hi' }]);
    });

    test('sends every setting, an argv behind --, and an input from a file', async () => {
      await writeFile(cli.path('in.txt'), 'some input\n');
      const settings = ['--timeout', '1.5', '--max-attempts', '2', '--delay', '3', '--tenant', 'a'];
      const args = [
        ...settings,
        '--env',
        'A=1',
        '--env',
        'B=x=y',
        '--input',
        'in.txt',
        '--idempotency-key',
        'k1',
        '--json',
      ];
      const { code, stdout } = await cli.run(['create', 'default', ...args, '--', 'printf', '%s', '--wait']);
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { id: 't1', state: 'PENDING' }]);
      expect(sent()).toEqual([
        {
          argv: ['printf', '%s', '--wait'],
          input: 'some input\n',
          env: { A: '1', B: 'x=y' },
          ...{ timeoutSeconds: 1.5, maxAttempts: 2, delaySeconds: 3, tenant: 'a' },
        },
      ]);
      expect(server.received[0]?.headers['idempotency-key']).toBe('k1');
    });

    test('reads the command from STDIN', async () => {
      await cli.run(['create', 'default', '-'], 'echo one\necho two\n');
      expect(sent()).toEqual([{ command: 'echo one\necho two' }]);
    });

    test('shows how to quote when the command is several arguments', async () => {
      const { code, stderr } = await cli.run(['create', 'default', 'echo', "it's", 'me']);
      expect(code).toBe(2);
      expect(stderr).toContain(`millrace create default 'echo it'\\''s me'`);
      expect(stderr).toContain(`millrace create default -- echo 'it'\\''s' me`);
      expect(server.received).toEqual([]);
    });

    test.each([
      ['SUCCEEDED', 0],
      ['FAILED', 1],
      ['CANCELLED', 1],
    ])('--wait of a task that is %s exits %i', async (state, expected) => {
      server.script = ({ method }) =>
        taskReply('t1', method === 'POST' ? 'PENDING' : state, { stdout: 'hi\n' });
      const { code, stdout } = await cli.run(['create', 'default', 'echo hi', '--wait', '--json']);
      expect([code, JSON.parse(stdout)]).toMatchObject([expected, { state, stdout: 'hi\n' }]);
    });
  });

  describe('wait', () => {
    test('exits 124 when the time is up', async () => {
      const { code, stdout, stderr } = await cli.run(['wait', 't1', '--timeout', '0']);
      expect(code).toBe(124);
      expect(stdout).toMatch(/^state +PENDING$/m);
      expect(stderr).toContain('has not ended within 0 s');
    });

    test('exits 130 on Ctrl-C', async () => {
      server.script = () => 'silence';
      const waiting = cli.start(['wait', 't1']);
      await until('it to ask', () => server.received.length > 0);
      waiting.child.kill('SIGINT');
      expect(await waiting.exit).toBe(130);
      expect(waiting.stderr()).toBe('');
    });
  });

  describe('errors', () => {
    test.each([
      [400, 'invalid_request', 2],
      [401, 'unauthorized', 5],
      [403, 'forbidden', 5],
      [404, 'unknown_task', 4],
      [409, 'wrong_state', 6],
      [500, 'internal', 70],
    ] as const)('%i %s exits %i, with --json as a problem document on stderr', async (status, code, exit) => {
      server.script = () => problem(status, code);
      const plain = await cli.run(['status', 't1']);
      expect(plain).toEqual({ code: exit, stdout: '', stderr: `error: it is ${code}\n  do this\n` });
      const json = await cli.run(['status', 't1', '--json']);
      expect(json).toMatchObject({ code: exit, stdout: '' });
      expect(JSON.parse(json.stderr)).toMatchObject({
        status,
        code,
        detail: `it is ${code}`,
        hint: 'do this',
      });
    });

    test('without a target says how to get one, and exits 7', async () => {
      cli.url = undefined;
      const { code, stderr } = await cli.run(['list', '--json']);
      expect(code).toBe(7);
      expect(JSON.parse(stderr)).toMatchObject({
        code: 'unavailable',
        hint: expect.stringContaining('npm start') as string,
      });
    });

    test('of a worker whose stack does not answer are no defect of the command line, and exit 7', async () => {
      const nowhere = `http://127.0.0.1:${await freePort()}`;
      cli.env = {
        AWS_ENDPOINT_URL_SQS: nowhere,
        AWS_ENDPOINT_URL_DYNAMODB: nowhere,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'nobody',
        AWS_SECRET_ACCESS_KEY: 'nobody',
      };
      const { code, stderr } = await cli.run(['work', 'default', 'once']);
      expect([code, stderr]).toEqual([7, expect.stringContaining('ECONNREFUSED')]);
      expect(stderr).not.toContain('defect');
    });

    test('--url goes before the environment', async () => {
      const { url } = cli;
      cli.url = 'http://127.0.0.1:9';
      expect((await cli.run(['status', 't1', '--url', url ?? ''])).code).toBe(0);
    });

    test('with --json are JSON for wrong usage too', async () => {
      const { code, stderr } = await cli.run(['status', '--json']);
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ code: 'invalid_request', status: 400 });
    });
  });

  describe('cancel and redrive', () => {
    test('go on behind a task that fails, and exit with its code', async () => {
      server.script = ({ path }) =>
        path.includes('/t2/') ? problem(404, 'unknown_task') : taskReply('t1', 'CANCELLED');
      const { code, stdout, stderr } = await cli.run(['cancel', 't1', 't2', 't3', '--json']);
      expect(code).toBe(4);
      expect(JSON.parse(stdout)).toMatchObject({ tasks: [{ id: 't1' }, { id: 't1' }] });
      expect(JSON.parse(stderr)).toMatchObject({ code: 'unknown_task' });
    });

    test('redrive a whole queue in as many calls as it takes', async () => {
      server.script = (_, nth) => ({ json: { queue: 'default', redriven: 100, skipped: 0, more: nth < 3 } });
      const { code, stdout } = await cli.run(['redrive', '--queue', 'default', '--json']);
      expect([code, JSON.parse(stdout)]).toEqual([
        0,
        { queue: 'default', redriven: 300, skipped: 0, more: false },
      ]);
    });

    test('want either tasks or a queue', async () => {
      expect((await cli.run(['redrive'])).code).toBe(2);
      expect((await cli.run(['redrive', 't1', '--queue', 'default'])).code).toBe(2);
    });
  });

  describe('reading', () => {
    test('peek follows the cursor to as many tasks as were asked for', async () => {
      const task = (id: string) => ({
        id,
        queue: 'default',
        state: 'FAILED',
        command: 'x',
        attempt: 3,
        maxAttempts: 3,
        createdAt: 'now',
      });
      server.script = (_, nth) => ({
        json: { tasks: nth === 2 ? [] : [task(`t${nth}`)], cursor: `c${nth}` },
      });
      const { stdout } = await cli.run(['peek', 'default', 'failed', '2', '--oldest', '--json']);
      expect(JSON.parse(stdout)).toMatchObject({ tasks: [{ id: 't1' }, { id: 't3' }], cursor: 'c3' });
      const asked = server.received.map(({ query }) => Object.fromEntries(query));
      expect(asked).toEqual([
        { state: 'FAILED', limit: '2', order: 'oldest' },
        { state: 'FAILED', limit: '1', order: 'oldest', cursor: 'c1' },
        { state: 'FAILED', limit: '1', order: 'oldest', cursor: 'c2' },
      ]);
    });

    test('tables are aligned, without colours in a pipe, and show control characters', async () => {
      server.script = () =>
        taskReply('t1', 'FAILED', { command: 'a\u001b[2Jb\nc', reason: 'exit', exitCode: 3 });
      const { stdout } = await cli.run(['status', 't1']);
      expect(stdout).toContain('state      FAILED (exit code 3)\n');
      expect(stdout).toContain('program    a\\x1b[2Jb⏎c\n');
    });

    test('list sorts by a number, the highest first', async () => {
      server.script = () => ({
        json: { queues: [queue('a', { failed: 1 }), queue('b', { failed: 12 }), queue('c')] },
      });
      const { stdout } = await cli.run(['list', '--progress', '--sort', 'failed']);
      const rows = stdout.split('\n');
      expect(rows.map((row) => row.slice(0, 1)).join('')).toBe('Qbac');
      expect(new Set(rows.slice(0, 4).map((row) => row.length)).size).toBe(1);
      expect((await cli.run(['list'])).stdout).toBe('a\nb\nc\n');
    });

    test('progress --until-empty prints each change once and ends when nothing is open', async () => {
      server.script = (_, nth) => ({
        json: queue('default', { total: 2, pending: nth < 3 ? 2 : 0, succeeded: nth < 3 ? 0 : 2 }),
      });
      const { code, stdout } = await cli.run([
        'progress',
        'default',
        '--until-empty',
        '--interval',
        '0.1',
        '--json',
      ]);
      const seen = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { pending: number });
      expect(code).toBe(0);
      expect(seen.map(({ pending }) => pending)).toEqual([2, 0]);
    });

    test('logs gives stdout and stderr of the task to its own', async () => {
      server.script = () => taskReply('t1', 'FAILED', { stdout: 'out\n', stderr: 'err' });
      expect(await cli.run(['logs', 't1'])).toEqual({ code: 0, stdout: 'out\n', stderr: 'err' });
    });

    test('logs -f of a local stack waits for the end', async () => {
      server.script = (_, nth) =>
        taskReply('t1', nth < 3 ? 'RUNNING' : 'SUCCEEDED', { stdout: `out ${nth}` });
      expect((await cli.run(['logs', 't1', '-f'])).stdout).toBe('out 3');
    });

    test('a reader that leaves is no error', async () => {
      server.script = (_, nth) => ({ json: queue('default', { pending: nth }) });
      const watching = cli.start(['progress', 'default', '--watch', '--interval', '0.1']);
      await until('a first line', () => watching.stdout().includes('\n'));
      watching.child.stdout?.destroy();
      expect(await watching.exit).toBe(0);
      expect(watching.stderr()).toBe('');
    });
  });

  describe('queues', () => {
    test('purge refuses without --yes where it cannot ask', async () => {
      server.script = ({ method }) =>
        method === 'GET'
          ? { json: queue('default') }
          : { status: 202, json: { queue: 'default', purgedBefore: 'now' } };
      const { code, stderr } = await cli.run(['purge', 'default', '--json']);
      expect(code).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ code: 'confirmation_required' });
      expect(server.received.map(({ method }) => method)).not.toContain('DELETE');
      expect((await cli.run(['purge', 'default', '--yes'])).code).toBe(0);
      expect(server.received.at(-1)?.query.get('confirm')).toBe('default');
    });

    test.each([['queue', 'add', 'x'], ['queue', 'remove', 'x'], ['env']])(
      '%s %s wants a local stack',
      async (...args) => {
        const { code, stderr } = await cli.run([...args.filter(Boolean)]);
        expect(code).toBe(2);
        expect(stderr).toContain('deployed stack come from its configuration');
      },
    );
  });
});
