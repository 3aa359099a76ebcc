import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, processesWith, until } from '../support/processes.ts';

/** What a program sees, and what is recorded of it: a real stack, a real worker, real commands. */
describe('a task', () => {
  let stack: LocalStack;
  let sqs: SQSClient;

  beforeAll(async () => {
    stack = await LocalStack.start(['--workers', '1', '--slots', '8']);
    const key = new URL(stack.ready.api).password;
    sqs = new SQSClient({
      endpoint: stack.ready.sqs,
      region: 'us-east-1',
      credentials: { accessKeyId: key, secretAccessKey: key },
    });
  });
  afterAll(async () => {
    sqs?.destroy();
    await stack?.kill('SIGTERM');
    await stack?.remove();
    await endAll();
  });

  async function enqueue(spec: object, queue = 'default'): Promise<TaskView> {
    const answer = await stack.fetch(`/v1/queues/${queue}/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spec),
    });
    expect(answer.status).toBe(201);
    return (await answer.json()) as TaskView;
  }
  async function ended(id: string): Promise<TaskView> {
    return until(`the end of ${id}`, async () => {
      const answer = await stack.fetch(`/v1/tasks/${id}?wait=20`);
      const task = (await answer.json()) as TaskView;
      return answer.ok && ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(task.state) && task;
    });
  }
  const runs = async (spec: object): Promise<TaskView> => ended((await enqueue(spec)).id);

  test('runs a shell command and keeps what it printed', async () => {
    const task = await runs({ command: 'echo out; echo err >&2' });
    expect(task).toMatchObject({
      state: 'SUCCEEDED',
      attempt: 1,
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  test('runs an argv without a shell', async () => {
    const task = await runs({ argv: ['printf', '%s|', '$HOME', 'a b'] });
    expect(task).toMatchObject({ state: 'SUCCEEDED', stdout: '$HOME|a b|' });
  });

  test('gets its input on STDIN, its env, an empty folder of its own, and what Millrace tells it', async () => {
    const task = await runs({
      command: 'cat; ls -A | wc -l; echo $GREETING $MILLRACE_QUEUE $MILLRACE_ATTEMPT $MILLRACE_TASK_ID',
      input: 'from stdin\n',
      env: { GREETING: 'salut' },
    });
    expect(task.stdout).toBe(`from stdin\n0\nsalut default 1 ${task.id}\n`);
  });

  test('sees nothing of its worker’s environment but an allowed list', async () => {
    const task = await runs({ command: 'env | cut -d= -f1 | sort | tr "\\n" " "' });
    const names = (task.stdout ?? '').trim().split(' ');
    const allowed = ['HOME', 'LANG', 'LC_ALL', 'PATH', 'PWD', 'OLDPWD', 'SHLVL', 'TMPDIR', 'TZ', '_'];
    expect(names.filter((name) => !allowed.includes(name) && !name.startsWith('MILLRACE_'))).toEqual([]);
    expect(names).toContain('MILLRACE_RESULT');
    expect(names).not.toContain('MILLRACE_DATA');
  });

  test('returns what it writes to its result file', async () => {
    const task = await runs({ command: 'echo \'{"n": [1, 2]}\' > "$MILLRACE_RESULT"' });
    expect(task.result).toEqual({ n: [1, 2] });
  });

  test('keeps long output and a long result, outside of its state', async () => {
    const task = await runs({
      command: 'seq 1 5000; printf "\\"%0100000d\\"" 7 > "$MILLRACE_RESULT"',
    });
    expect(task.state).toBe('SUCCEEDED');
    expect(task.stdout?.endsWith('\n4999\n5000\n')).toBe(true);
    expect(String(task.result)).toHaveLength(100_000);
  });

  test('is retried after a failure, and FAILED with its reason after the last', async () => {
    const second = await runs({ command: 'test "$MILLRACE_ATTEMPT" = 2' });
    expect(second).toMatchObject({ state: 'SUCCEEDED', attempt: 2 });
    const never = await runs({ command: 'echo no >&2; exit 7', maxAttempts: 2 });
    expect(never).toMatchObject({ state: 'FAILED', reason: 'exit', exitCode: 7, attempt: 2, stderr: 'no\n' });
  });

  test('is FAILED with the reason signal, spawn or timeout', async () => {
    const [signal, spawn, timeout] = await Promise.all([
      runs({ command: 'kill -SEGV $$', maxAttempts: 1 }),
      runs({ argv: ['/no/such/program'], maxAttempts: 1 }),
      runs({ command: 'sleep 987 & sleep 986', timeoutSeconds: 0.5, maxAttempts: 1 }),
    ]);
    expect(signal).toMatchObject({ state: 'FAILED', reason: 'signal', signal: 'SIGSEGV' });
    expect(spawn).toMatchObject({ state: 'FAILED', reason: 'spawn' });
    expect(spawn?.error).toContain('/no/such/program');
    expect(timeout).toMatchObject({ state: 'FAILED', reason: 'timeout' });
    expect(processesWith('sleep\u0000987')).toEqual([]);
  });

  test('that is too long for its state is shown whole', async () => {
    const command = `echo ${'x'.repeat(50_000)} | wc -c`;
    const task = await runs({ command });
    expect(task.command).toBe(command);
    expect(task.stdout?.trim()).toBe('50001');
  });

  test('can be a plain SQS message, known by its message id', async () => {
    const { MessageId } = await sqs.send(
      new SendMessageCommand({ QueueUrl: stack.ready.queues['default'], MessageBody: 'echo hi' }),
    );
    expect(await ended(MessageId ?? '')).toMatchObject({
      state: 'SUCCEEDED',
      stdout: 'hi\n',
      command: 'echo hi',
    });
  });

  test('that cannot be understood is FAILED invalid, its body kept for a redrive, and the queue moves on', async () => {
    const { MessageId: id = '' } = await sqs.send(
      new SendMessageCommand({ QueueUrl: stack.ready.queues['default'], MessageBody: '{"commando": 1}' }),
    );
    expect(await ended(id)).toMatchObject({ state: 'FAILED', reason: 'invalid' });
    const answer = await stack.fetch(`/v1/tasks/${id}/redrive`, { method: 'POST' });
    expect(answer.status).toBe(202);
    expect(await ended(id)).toMatchObject({ state: 'FAILED', reason: 'invalid' });
  });

  test('is cancelled while it runs, its process group ended, well before the next heartbeat', async () => {
    const { id } = await enqueue({ command: 'trap "" TERM; sleep 985 & sleep 984 & wait' });
    await until('it to run', () => processesWith('sleep\u0000984').length > 0);
    const begun = performance.now();
    expect((await stack.cli(['cancel', id])).code).toBe(0);
    expect(await ended(id)).toMatchObject({ state: 'CANCELLED' });
    expect(performance.now() - begun).toBeLessThan(19_000); // a heartbeat is 20 s
    await until('its processes to end', () => processesWith('sleep\u000098').length === 0);
  });

  test('that is delayed does not start before its time', async () => {
    const task = await runs({ command: 'true', delaySeconds: 1 });
    expect(Date.parse(task.startedAt ?? '') - Date.parse(task.createdAt)).toBeGreaterThanOrEqual(990);
  });

  test('that FAILED runs again when it is redriven, and is counted once', async () => {
    const before = await stack.json<{ failed: number; succeeded: number }>(['progress', 'default']);
    const task = await runs({ command: 'test "$MILLRACE_ATTEMPT" = 2', maxAttempts: 1 });
    expect(task.state).toBe('FAILED');
    expect((await stack.cli(['redrive', task.id])).code).toBe(0);
    expect(await ended(task.id)).toMatchObject({ state: 'SUCCEEDED', attempt: 2 });
    await until('the counts to be at rest', async () => {
      const after = await stack.json<{ failed: number; succeeded: number }>(['progress', 'default']);
      return after.failed === before.failed && after.succeeded === before.succeeded + 1;
    });
  });

  test('on a queue with a program is that program’s input, whatever it is', async () => {
    const added = await stack.cli(['queue', 'add', 'mail', '--program', 'tr', 'a-z', 'A-Z']);
    expect(added.code).toBe(0);
    const url = stack.ready.queues['default']?.replace('millrace-default', 'millrace-mail');
    const { MessageId: id = '' } = await sqs.send(
      new SendMessageCommand({ QueueUrl: url, MessageBody: '{"command": "not a command"}' }),
    );
    expect(await ended(id)).toMatchObject({ state: 'SUCCEEDED', stdout: '{"COMMAND": "NOT A COMMAND"}' });
    const sent = await enqueue({ input: 'over http' }, 'mail');
    expect(await ended(sent.id)).toMatchObject({ state: 'SUCCEEDED', stdout: 'OVER HTTP' });
  });

  test('leaves nothing behind in its queue or the dead-letter queue', async () => {
    await until('the queues to be empty', async () => {
      const urls = [stack.ready.queues['default'], `${stack.ready.queues['default']}-dead`];
      const counts = await Promise.all(
        urls.map(async (QueueUrl) => {
          const { Attributes = {} } = await sqs.send(
            new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
          );
          return (
            Number(Attributes['ApproximateNumberOfMessages']) +
            Number(Attributes['ApproximateNumberOfMessagesNotVisible']) +
            Number(Attributes['ApproximateNumberOfMessagesDelayed'])
          );
        }),
      );
      return counts.every((count) => count === 0);
    });
  });
});
