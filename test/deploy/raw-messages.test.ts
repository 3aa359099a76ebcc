import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { endAll } from '../support/processes.ts';
import { StackUser } from '../support/stack-user.ts';

/** What `aws sqs send-message` puts into a queue, past the API. */
describe('a raw message', () => {
  const { outputs, ...deployed } = inject('deployed');
  let user: StackUser;

  beforeAll(async () => {
    user = await StackUser.open({ ...deployed, outputs });
  });
  afterEach(endAll);
  afterAll(() => user?.close());

  const sendMessage = (url: string | undefined, body: string) =>
    user.aws('sqs', 'send-message', '--queue-url', url ?? '', '--message-body', body);
  async function list(queue: string, state: string): Promise<readonly TaskView[]> {
    const answer = await user.send(`/v1/queues/${queue}/tasks?state=${state}`);
    expect(answer.status, answer.text).toBe(200);
    return answer.json<{ tasks: TaskView[] }>().tasks;
  }

  test('is a task: a shell command, or JSON in the schema of the API', async () => {
    await sendMessage(outputs['QueueUrlRaw'], 'echo hi');
    await sendMessage(outputs['QueueUrlRaw'], '{"argv":["echo","from JSON"]}');
    await user.work('raw');
    expect(new Set((await list('raw', 'SUCCEEDED')).map(({ stdout }) => stdout))).toEqual(
      new Set(['hi\n', 'from JSON\n']),
    );
  });

  test('that no one can understand ends as FAILED with its reason, and blocks nothing', async () => {
    await sendMessage(outputs['QueueUrlRaw'], '{"command":');
    await sendMessage(outputs['QueueUrlRaw'], 'echo after');
    await user.work('raw');
    expect(await list('raw', 'FAILED')).toMatchObject([{ reason: 'invalid' }]);
    expect((await list('raw', 'SUCCEEDED')).map(({ stdout }) => stdout)).toContain('after\n');
  });

  test('goes to the STDIN of the queue’s program', async () => {
    await sendMessage(outputs['QueueUrlMail'], 'twelve bytes');
    await user.work('mail');
    expect(await list('mail', 'SUCCEEDED')).toMatchObject([{ stdout: '12\n' }]);
  });
});
