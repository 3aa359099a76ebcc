import { readdir, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ACCESS_KEY, expectedAuthorization, SECRET_KEY } from '../aws/signature.ts';
import { ScriptedServer, taskReply, type Received, type Reply } from '../client/scripted-server.ts';
import { endAll } from '../support/processes.ts';
import { CliUnderTest } from './millrace-process.ts';

const queue = { queue: 'default', total: 0, pending: 0, paused: false };

/** One server for CloudFormation, CloudWatch Logs and the API, told apart as AWS does: by what is asked. */
class FakeAws {
  /** By the name of the stack. */
  stacks: Record<string, Record<string, string>> = {};
  readonly asked: Received[] = [];
  api: (request: Received, nth: number) => Reply = () => ({ json: { queues: [queue] } });
  logs: (nth: number) => readonly object[] = () => [];
  #logRequests = 0;

  answer(request: Received): Reply {
    const body = request.body.toString();
    const logsCall = String(request.headers['x-amz-target'] ?? '');
    if (logsCall.endsWith('FilterLogEvents')) return { json: { events: this.logs(++this.#logRequests) } };
    const named = /Action=DescribeStacks&(?:.*&)?StackName=([^&]+)/.exec(body)?.[1];
    if (named !== undefined) return this.#describe(named);
    this.asked.push(request);
    return this.api(request, this.asked.length);
  }

  #describe(name: string): Reply {
    const outputs = this.stacks[name];
    if (!outputs) {
      const error = `<Code>ValidationError</Code><Message>Stack with id ${name} does not exist</Message>`;
      return {
        status: 400,
        text: `<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>`,
      };
    }
    const members = Object.entries(outputs).map(
      ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const stack = `<member><StackName>${name}</StackName><Outputs>${members.join('')}</Outputs></member>`;
    return {
      text: `<DescribeStacksResponse><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`,
    };
  }
}

describe('a deployed stack', () => {
  let cli: CliUnderTest;
  let aws: FakeAws;
  let server: ScriptedServer;

  beforeEach(async () => {
    cli = await CliUnderTest.make();
    aws = new FakeAws();
    server = await ScriptedServer.start((request) => aws.answer(request));
    aws.stacks = {
      Millrace: { ApiUrl: `http://abc.execute-api.localhost:${server.port}`, WorkerLogGroup: 'workers' },
    };
    cli.env = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${server.port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      XDG_CACHE_HOME: cli.path('cache'),
    };
  });
  afterEach(async () => {
    await endAll();
    await server.stop();
    await cli.remove();
  });
  const described = () => server.received.length - aws.asked.length;

  describe('as the target', () => {
    test('is found by its outputs when nothing else answers, and its API gets signed requests', async () => {
      expect(await cli.run(['list'])).toEqual({ code: 0, stdout: 'default\n', stderr: '' });
      const [asked] = aws.asked;
      if (!asked) throw new Error('the API was not asked');
      expect(asked.headers.host).toBe(`abc.execute-api.localhost:${server.port}`);
      expect(asked.headers.authorization).toBe(expectedAuthorization(asked));
    });

    test('is remembered for the next command, in a file of this user alone', async () => {
      await cli.run(['list']);
      await cli.run(['list']);
      expect([described(), aws.asked.length]).toEqual([1, 2]);
      const [file = ''] = await readdir(cli.path('cache', 'millrace'));
      expect((await stat(cli.path('cache', 'millrace', file))).mode & 0o777).toBe(0o600);
      expect((await stat(cli.path('cache', 'millrace'))).mode & 0o777).toBe(0o700);
      cli.env['AWS_REGION'] = 'eu-central-1'; // another region, another stack
      await cli.run(['list']);
      expect(described()).toBe(2);
    });

    test('may be named by flag or environment, which go before the address in the environment', async () => {
      aws.stacks['Other'] = { ApiUrl: `http://127.0.0.1:${server.port}/other` };
      cli.url = 'http://127.0.0.1:9';
      await cli.run(['list', '--stack', 'Other']);
      cli.url = undefined;
      cli.env['MILLRACE_STACK'] = 'Other';
      await cli.run(['list']);
      expect(aws.asked.map(({ path }) => path)).toEqual(['/other/v1/queues', '/other/v1/queues']);
      expect((await cli.run(['list', '--stack', 'Other', '--url', 'http://127.0.0.1:9'])).code).toBe(2);
    });

    test('needs no CloudFormation when its address is given', async () => {
      cli.url = `http://abc.execute-api.localhost:${server.port}`;
      expect((await cli.run(['list'])).code).toBe(0);
      expect(server.received).toHaveLength(1);
      expect(aws.asked[0]?.headers.authorization).toContain('/eu-west-1/execute-api/');
    });

    test('that does not exist is told with all the places that were looked at', async () => {
      aws.stacks = {};
      const { code, stderr } = await cli.run(['list']);
      expect(code).toBe(7);
      expect(stderr).toMatch(/--url, --stack, MILLRACE_API_URL, MILLRACE_STACK/);
      expect(stderr).toContain(cli.path('data'));
      expect(stderr).toContain('there is no stack Millrace in eu-west-1');
      const named = await cli.run(['list', '--stack', 'Nope', '--json']);
      expect(JSON.parse(named.stderr)).toMatchObject({
        code: 'unavailable',
        detail: expect.stringContaining('Nope') as string,
      });
    });

    test('without a region or credentials is a sentence, and soon', async () => {
      const startedAt = performance.now();
      cli.env['AWS_ACCESS_KEY_ID'] = '';
      expect((await cli.run(['list', '--stack', 'Millrace'])).stderr).toContain(
        'there are no AWS credentials',
      );
      delete cli.env['AWS_REGION'];
      expect((await cli.run(['list'])).stderr).toContain('no AWS region is configured');
      expect(performance.now() - startedAt).toBeLessThan(20_000);
      expect(server.received).toEqual([]);
    });

    test('that is no Millrace says which output is missing', async () => {
      aws.stacks['Other'] = { BucketName: 'b' };
      const { code, stderr } = await cli.run(['list', '--stack', 'Other']);
      expect(code).toBe(7);
      expect(stderr).toContain('has no output ApiUrl');
      expect(stderr).toContain('BucketName');
    });

    test('gets no queues but from its configuration', async () => {
      const { code, stderr } = await cli.run(['queue', 'add', 'mail']);
      expect(code).toBe(2);
      expect(stderr).toContain('the deployed stack Millrace');
      expect(stderr).toContain('come from its configuration');
    });
  });

  describe('workers', () => {
    test('are asked for, until the queue is empty unless told', async () => {
      aws.api = () => ({ status: 202, json: { queue: 'default', started: 3, failures: [] } });
      expect(await cli.run(['workers', 'default', '--count', '3'])).toMatchObject({
        code: 0,
        stdout: '3 of 3 workers are starting for default.\n',
      });
      await cli.run(['workers', 'default', '--count', '3', '--forever']);
      expect(aws.asked.map(({ target, body }) => [target, JSON.parse(body.toString()) as unknown])).toEqual([
        ['/v1/queues/default/workers', { count: 3, mode: 'until-empty' }],
        ['/v1/queues/default/workers', { count: 3, mode: 'forever' }],
      ]);
      expect(aws.asked[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    });

    test('of which some could not be started are told once a reason, and the exit code is 1', async () => {
      const failures = [{ reason: 'RESOURCE:CPU' }, { reason: 'RESOURCE:CPU' }];
      aws.api = () => ({ status: 202, json: { queue: 'default', started: 1, failures } });
      const { code, stderr } = await cli.run(['workers', 'default', '--count', '3', '--json']);
      expect([code, stderr]).toEqual([1, 'not started: RESOURCE:CPU\n']);
    });
  });

  describe('logs', () => {
    const line = (n: number, stream = 'stdout') => ({
      eventId: String(n),
      timestamp: 1_800_000_000_000 + n,
      message: JSON.stringify({ taskId: 't1', stream, msg: `line ${n}` }),
    });

    test('are what the workers logged, all of it', async () => {
      aws.api = () => taskReply('t1', 'SUCCEEDED', { stdout: 'tail', endedAt: '2026-03-01T09:31:00.000Z' });
      aws.logs = () => [line(1), line(2, 'stderr'), line(3)];
      expect(await cli.run(['logs', 't1'])).toEqual({
        code: 0,
        stdout: 'line 1\nline 3\n',
        stderr: 'line 2\n',
      });
      const { stdout } = await cli.run(['logs', 't1', '--json']);
      expect(JSON.parse(stdout)).toEqual({ id: 't1', stdout: 'line 1\nline 3\n', stderr: 'line 2\n' });
    });

    test('are the ends kept with the task when the log has nothing any more', async () => {
      aws.api = () => taskReply('t1', 'FAILED', { stdout: 'tail' });
      expect(await cli.run(['logs', 't1'])).toMatchObject({ code: 0, stdout: 'tail' });
    });

    test('-f goes on until the task has ended', async () => {
      const endedAt = '2026-03-01T09:31:00.000Z';
      aws.api = (_, nth) => taskReply('t1', nth < 3 ? 'RUNNING' : 'SUCCEEDED', nth < 3 ? {} : { endedAt });
      aws.logs = (nth) => (nth === 1 ? [line(1)] : [line(1), line(2)]);
      expect(await cli.run(['logs', 't1', '-f'])).toMatchObject({ code: 0, stdout: 'line 1\nline 2\n' });
    });
  });
});
