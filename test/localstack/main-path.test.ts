import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import type { Outputs } from '../support/emulated-deployment.ts';
import { REGION } from '../support/ministack.ts';
import { endAll, until } from '../support/processes.ts';
import { ROOT_KEY, sendSigned } from '../support/signed-request.ts';
import { StackUser } from '../support/stack-user.ts';

const stack = inject('localstack');

/** Queues, table and functions as CDK makes them, on LocalStack or what stands in for it. */
describe.skipIf(!stack)('the stack’s parts on LocalStack', () => {
  const { outputs, endpoint } = stack ?? { outputs: {} as Outputs, endpoint: '' }; // skipped then, but counted
  let user: StackUser;
  let sqs: SQSClient;

  beforeAll(async () => {
    if (!stack) return;
    user = await StackUser.open(stack);
    sqs = new SQSClient({ endpoint, region: REGION, credentials: ROOT_KEY, useQueueUrlAsEndpoint: false });
  });
  afterEach(endAll);
  afterAll(async () => {
    sqs?.destroy();
    await user?.close();
  });

  /** Invokes the API's function as its gateway does. */
  async function callApi(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> {
    const [rawPath = '', rawQueryString = ''] = path.split('?');
    const answer = await sendSigned({
      url: `${endpoint}/2015-03-31/functions/${outputs['ApiFunction']}/invocations`,
      method: 'POST',
      key: ROOT_KEY,
      service: 'lambda',
      body: JSON.stringify({
        version: '2.0',
        rawPath,
        rawQueryString,
        headers: { host: 'api.test', 'content-type': 'application/json' },
        requestContext: { http: { method, path: rawPath }, domainName: 'api.test', stage: '$default' },
        isBase64Encoded: false,
        ...(body && { body: JSON.stringify(body) }),
      }),
    });
    const result = answer.json<{ statusCode: number; body: string }>();
    return { status: result.statusCode, body: JSON.parse(result.body) as unknown };
  }
  async function enqueue(task: object): Promise<TaskView> {
    const { status, body } = await callApi('POST', '/v1/queues/default/tasks', task);
    expect(status, JSON.stringify(body)).toBe(201);
    return body as TaskView;
  }
  const read = async (id: string) => (await callApi('GET', `/v1/tasks/${id}`)).body as TaskView;
  const send = (QueueUrl: string | undefined, MessageBody: string) =>
    sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  const succeeded = async () =>
    ((await callApi('GET', '/v1/queues/default/tasks?state=SUCCEEDED')).body as { tasks: TaskView[] }).tasks;

  test('run a task that the API’s function enqueued', async () => {
    const { id } = await enqueue({ command: 'echo done' });
    await user.work('default');
    expect(await read(id)).toMatchObject({ state: 'SUCCEEDED', attempt: 1, stdout: 'done\n' });
  });

  test('retry a task, and keep how it ended', async () => {
    const { id } = await enqueue({ command: 'exit 4', maxAttempts: 2 });
    await user.work('default');
    expect(await read(id)).toMatchObject({ state: 'FAILED', reason: 'exit', exitCode: 4, attempt: 2 });
  });

  test('run a raw message', async () => {
    await send(outputs['QueueUrl'], 'echo raw');
    await user.work('default');
    expect((await succeeded()).map(({ stdout }) => stdout)).toContain('raw\n');
  });

  test('judge a dead letter by its row: what was never run goes back and runs', async () => {
    await send(outputs['DeadLetterQueueUrl'], 'echo given up');
    await until('the dead letter to have run', async () => {
      await user.work('default');
      return (await succeeded()).some(({ stdout }) => stdout === 'given up\n');
    });
  });
});
