import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { MAX_RECEIVE_COUNT } from '../../src/core/limits.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { REGION } from '../support/ministack.ts';
import { endAll, until } from '../support/processes.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { StackUser } from '../support/stack-user.ts';

/** What SQS gives up, the dead-letter function judges by the task's row, not by its arrival. */
describe('a dead letter', () => {
  const deployed = inject('deployed');
  const queueUrl = deployed.outputs['QueueUrlDead'] ?? '';
  const deadUrl = deployed.outputs['DeadLetterQueueUrlDead'] ?? '';
  let user: StackUser;
  let sqs: SQSClient;

  beforeAll(async () => {
    user = await StackUser.open(deployed);
    sqs = new SQSClient({ endpoint: deployed.endpoint, region: REGION, credentials: ROOT_KEY });
  });
  afterEach(endAll);
  afterAll(async () => {
    sqs?.destroy();
    await user?.close();
  });

  test('with attempts left goes back to its queue under its own id, and runs', async () => {
    const task = await user.enqueue('dead', { command: 'echo alive' });
    // A message that every receiver drops: SQS moves it after the last of the receives that the stack sets.
    const receive = async () => {
      const request = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        VisibilityTimeout: 0,
        WaitTimeSeconds: 20,
      });
      return (await sqs.send(request)).Messages?.[0]?.MessageId;
    };
    const first = await receive();
    let receives = 1;
    while ((await receive()) === first) receives += 1;
    expect(receives).toBe(MAX_RECEIVE_COUNT); // after that a copy came, with an id of its own in SQS
    await untilJudged();
    await user.work('dead');
    expect(await user.ended(task.id)).toMatchObject({ state: 'SUCCEEDED', attempt: 1, stdout: 'alive\n' });
  });

  test('that is a raw message runs too, and one that no one can understand ends as FAILED', async () => {
    await user.aws('sqs', 'send-message', '--queue-url', deadUrl, '--message-body', 'echo raw');
    await user.aws('sqs', 'send-message', '--queue-url', deadUrl, '--message-body', '{"command":');
    await untilJudged();
    await user.work('dead');
    const list = async (state: string) =>
      (await user.send(`/v1/queues/dead/tasks?state=${state}`)).json<{ tasks: TaskView[] }>().tasks;
    expect((await list('SUCCEEDED')).map(({ stdout }) => stdout)).toContain('raw\n');
    expect(await list('FAILED')).toMatchObject([{ reason: 'invalid' }]);
  });

  test('of a task that has ended is deleted, and its end is counted once', async () => {
    const before = (await user.send('/v1/queues/dead')).json<{ succeeded: number }>();
    const task = await user.enqueue('dead', { command: 'true' });
    const receive = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      VisibilityTimeout: 1,
      WaitTimeSeconds: 5,
    });
    const body = (await sqs.send(receive)).Messages?.[0]?.Body ?? '';
    await user.work('dead');
    expect(await user.ended(task.id)).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
    await user.aws('sqs', 'send-message', '--queue-url', deadUrl, '--message-body', body);
    await untilJudged();
    await user.work('dead');
    const after = (await user.send('/v1/queues/dead')).json<{ succeeded: number }>();
    expect(after.succeeded).toBe(before.succeeded + 1);
    expect(await user.ended(task.id)).toMatchObject({ attempt: 1 });
  });

  async function untilJudged(): Promise<void> {
    await until('the dead letters to be judged', async () => {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
      const json = await user.aws(
        ...['sqs', 'get-queue-attributes', '--queue-url', deadUrl, '--attribute-names', ...names],
      );
      const { Attributes } = JSON.parse(json) as { Attributes: Record<string, string> };
      return names.every((name) => Attributes[name] === '0');
    });
  }
});
