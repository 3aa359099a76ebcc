import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/doctor/doctor-report.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { makeIamUser } from '../support/iam-users.ts';
import { REGION } from '../support/ministack.ts';
import { endAll } from '../support/processes.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { StackUser } from '../support/stack-user.ts';

const ACTIONS = ['cloudformation:DescribeStacks', 'execute-api:Invoke', 'logs:FilterLogEvents'];

/** The `millrace` command of somebody who has no more rights than docs/command-line.md asks for. */
describe('the command line on a deployed stack', () => {
  const deployed = inject('deployed');
  let user: StackUser;
  let worker: StackUser;

  beforeAll(async () => {
    const statements = ACTIONS.map((Action) => ({ Action, Resource: '*' }));
    user = await StackUser.open(deployed, await makeIamUser(deployed.endpoint, 'terminal', statements));
    worker = await StackUser.open(deployed, deployed.context.workerKey);
  });
  afterEach(endAll);
  afterAll(async () => {
    await user?.close();
    await worker?.close();
  });

  async function json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await user.cli(...args, '--json');
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as T;
  }

  test('finds the stack and reads its queues', async () => {
    const { stdout, stderr } = await user.cli('list');
    expect(stdout.split('\n'), stderr).toContain('cli');
    expect(await json('progress', 'cli')).toMatchObject({ queue: 'cli', paused: false });
  });

  test('has a doctor, which needs no right but to call the API, and finds the queue as it was deployed', async () => {
    const { stdout, stderr } = await user.cli('doctor', 'cli', '--json');
    expect(stderr).toBe('');
    const { checks, target } = JSON.parse(stdout) as DoctorReport;
    expect(target).toMatchObject({ kind: 'deployed' });
    const problems = checks.filter(({ severity }) => severity === 'error' || severity === 'warning');
    expect(problems).toEqual([]);
    expect(checks.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['sqs', 'dead-letters', 'counts', 'clock']),
    );
  });

  test('enqueues, makes a worker of this machine, waits, and reads what the worker logged', async () => {
    const { id } = await json<TaskView>('create', 'cli', 'echo "a line"; echo "an error" >&2');
    const working = worker.startWorker('cli', 'until-empty');
    expect(await working.exit, working.stderr()).toBe(0);
    expect(await json<TaskView>('wait', id)).toMatchObject({ state: 'SUCCEEDED', stdout: 'a line\n' });

    await putLog(working.stdout().split('\n').filter(Boolean));
    expect(await user.cli('logs', id, '-f')).toEqual({ code: 0, stdout: 'a line\n', stderr: 'an error\n' });
  });

  test('takes table, names and queues of a worker from the outputs', async () => {
    await json('create', 'cli', 'true');
    const root = await StackUser.open(deployed);
    const { code, stdout, stderr } = await root.cli('work', 'cli', 'once', '--json');
    await root.close();
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ queue: 'cli', ran: 1 });
  });

  test('has the launcher start workers', async () => {
    const answer = await user.cli('workers', 'cli', '--count', '2', '--json');
    expect(JSON.parse(answer.stdout), answer.stderr).toEqual({ queue: 'cli', started: 2, failures: [] });
  });

  test('says where queues come from', async () => {
    const { code, stderr } = await user.cli('queue', 'add', 'more');
    expect([code, stderr]).toEqual([2, expect.stringContaining('come from its configuration')]);
  });

  /** What the log driver of a container does with what it prints. */
  async function putLog(lines: readonly string[]): Promise<void> {
    const { endpoint, outputs } = deployed;
    const client = new CloudWatchLogsClient({ endpoint, region: REGION, credentials: ROOT_KEY });
    const stream = { logGroupName: outputs['WorkerLogGroup'], logStreamName: 'cli/worker/1' };
    try {
      await client.send(new CreateLogStreamCommand(stream));
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
      await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
    } finally {
      client.destroy();
    }
  }
});
