import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeContinuousBackupsCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmulatedDeployment, type EmulatedStack } from '../support/emulated-deployment.ts';
import { REGION } from '../support/ministack.ts';
import { endAll } from '../support/processes.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { StackUser } from '../support/stack-user.ts';

const STACK = 'Lifecycle';
const queuesWith = (leaseSeconds: number) => [{ name: 'default', leaseSeconds, maxWorkers: 0 }];

/** In an account of its own, whose resources can be counted. One test leads to the next, as in a stack's life. */
describe('a stack in its life', () => {
  let deployment: EmulatedDeployment;
  let stack: EmulatedStack;
  let user: StackUser;
  let sqs: SQSClient;

  beforeAll(async () => {
    deployment = await EmulatedDeployment.start();
    sqs = new SQSClient({ endpoint: deployment.aws.endpoint, region: REGION, credentials: ROOT_KEY });
  });
  afterAll(async () => {
    await endAll();
    sqs?.destroy();
    await user?.close();
    await deployment?.stop();
  });

  test('is deployed and works at once', async () => {
    stack = await deployment.deploy({ stack: STACK, queues: queuesWith(60) });
    user = await StackUser.open(stack);
    const begin = performance.now();
    const task = await user.enqueue('default', { command: 'true' });
    await user.work('default', 'once');
    expect(await user.ended(task.id)).toMatchObject({ state: 'SUCCEEDED' });
    const firstMs = performance.now() - begin;
    process.stdout.write(
      `cdk deploy ${Math.round(stack.deployMs)} ms; first task's end ${Math.round(firstMs)} ms later\n`,
    );
  });

  test('has a table that forgets ended tasks and can be restored', async () => {
    const dynamodb = new DynamoDBClient({ endpoint: stack.endpoint, region: REGION, credentials: ROOT_KEY });
    const { TableName } = stack.outputs;
    const ttl = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(ttl.TimeToLiveDescription).toMatchObject({
      AttributeName: 'expiresAt',
      TimeToLiveStatus: 'ENABLED',
    });
    const backups = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
    dynamodb.destroy();
    expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription).toMatchObject({
      PointInTimeRecoveryStatus: 'ENABLED',
    });
  });

  test('loses no task when it is updated while tasks are queued', async () => {
    const { context, outputs } = stack;
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) ids.push((await user.enqueue('default', { command: `echo ${i}` })).id);
    const { workerKey } = context;
    const updated = await deployment.deploy({ stack: STACK, queues: queuesWith(45), workerKey });
    expect(updated.outputs.TableName).toBe(outputs.TableName);
    expect(updated.outputs['QueueUrlDefault']).toBe(outputs['QueueUrlDefault']);
    const AttributeNames = ['VisibilityTimeout' as const];
    const read = new GetQueueAttributesCommand({ QueueUrl: outputs['QueueUrlDefault'], AttributeNames });
    expect((await sqs.send(read)).Attributes).toEqual({ VisibilityTimeout: '45' });
    await user.work('default');
    for (const [i, id] of ids.entries()) {
      expect(await user.ended(id)).toMatchObject({ state: 'SUCCEEDED', attempt: 1, stdout: `${i}\n` });
    }
    expect((await user.send('/v1/queues/default')).json()).toMatchObject({
      total: 21,
      succeeded: 21,
      pending: 0,
    });
  });

  test('is torn down by `cdk destroy`, and nothing of it stays', async () => {
    await deployment.destroy(stack.context);
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: STACK }))).QueueUrls ?? []).toEqual([]);
    const client = new CloudFormationClient({
      endpoint: stack.endpoint,
      region: REGION,
      credentials: ROOT_KEY,
    });
    await expect(client.send(new DescribeStacksCommand({ StackName: STACK }))).rejects.toThrow(
      'does not exist',
    );
    client.destroy();
    await expect(user.send('/v1/queues')).resolves.toMatchObject({ status: 404 });
  });
});
