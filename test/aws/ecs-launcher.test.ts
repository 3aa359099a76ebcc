import { ECSClient } from '@aws-sdk/client-ecs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildRunTask, makeEcsLauncher } from '../../src/aws/ecs-launcher.ts';
import { parseLaunchConfig, type LaunchConfig } from '../../src/aws/launch-config.ts';
import type { WorkerOrder } from '../../src/core/worker-launcher.ts';

const CONFIG: LaunchConfig = {
  cluster: 'mill',
  subnets: ['subnet-1', 'subnet-2'],
  securityGroups: ['sg-1'],
  assignPublicIp: true,
  taskDefinitions: {
    default: 'arn:aws:ecs:us-east-1:123456789012:task-definition/mill-default:7',
    mail: 'mill-mail',
  },
};
const ORDER: WorkerOrder = {
  queue: 'default',
  count: 3,
  clientToken: 'token-0',
  mode: 'until-empty',
  capacity: 'on-demand',
};
const arn = (id: string) => `arn:aws:ecs:us-east-1:123456789012:task/mill/${id}`;

interface Call {
  readonly action: string;
  readonly body: Record<string, unknown>;
}
type Answer = { readonly status?: number; readonly type?: string; readonly body: object } | 'hang up';

/** An ECS that answers as it is told. */
async function startEcs(answer: (call: Call) => Answer) {
  const calls: Call[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = '';
    for await (const piece of request) text += String(piece);
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const call: Call = { action, body: JSON.parse(text) as Record<string, unknown> };
    calls.push(call);
    const what = answer(call);
    if (what === 'hang up') return void request.socket.destroy();
    response.writeHead(what.status ?? 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ ...(what.type && { __type: what.type }), ...what.body }));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new ECSClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  onTestFinished(() => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  });
  return { launcher: makeEcsLauncher(client, CONFIG), calls };
}

describe('RunTask', () => {
  it('names all that a worker needs, and the token that makes it safe to repeat', () => {
    expect(buildRunTask(CONFIG, ORDER)).toEqual({
      cluster: 'mill',
      taskDefinition: CONFIG.taskDefinitions['default'],
      count: 3,
      clientToken: 'token-0',
      startedBy: 'millrace',
      launchType: 'FARGATE',
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: ['subnet-1', 'subnet-2'],
          securityGroups: ['sg-1'],
          assignPublicIp: 'ENABLED',
        },
      },
      overrides: { containerOverrides: [{ name: 'worker', command: ['default', 'until-empty'] }] },
    });
  });

  it('asks for Spot capacity by its provider, and has no network of its own on a host’s', () => {
    const input = buildRunTask({ ...CONFIG, subnets: [] }, { ...ORDER, capacity: 'spot' });
    expect(input.capacityProviderStrategy).toEqual([{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]);
    expect(input.launchType).toBeUndefined();
    expect(input.networkConfiguration).toBeUndefined();
  });

  it('is refused for a queue without a task definition', () => {
    expect(() => buildRunTask(CONFIG, { ...ORDER, queue: 'other' })).toThrow('expected a task definition');
  });
});

describe('starting workers', () => {
  it('answers with the ids of their tasks, and why others were not started', async () => {
    const { launcher, calls } = await startEcs(() => ({
      body: {
        tasks: [{ taskArn: arn('one') }, { taskArn: arn('two') }],
        failures: [{ reason: 'RESOURCE:CPU', detail: 'none left' }],
      },
    }));
    expect(await launcher.start(ORDER)).toEqual({
      started: ['one', 'two'],
      failures: [{ reason: 'RESOURCE:CPU: none left' }],
    });
    expect(calls[0]).toMatchObject({ action: 'RunTask', body: { clientToken: 'token-0', count: 3 } });
  });

  it.each([
    ['AccessDeniedException', 400, false],
    ['ClientException', 400, false],
    ['ThrottlingException', 400, true],
  ])('takes %s for an answer: nothing was started', async (type, status, throttled) => {
    const { launcher } = await startEcs(() => ({ status, type, body: { message: 'no' } }));
    const result = await launcher.start(ORDER);
    expect(result).toEqual({ started: [], failures: [{ reason: `${type}: no` }], throttled });
  });

  it('takes the workers for its own that its token started before', async () => {
    const { launcher } = await startEcs(() => ({
      status: 400,
      type: 'ConflictException',
      body: { message: 'used', resourceIds: [arn('one')] },
    }));
    expect(await launcher.start(ORDER)).toEqual({ started: ['one'], failures: [] });
  });

  it.each([
    ['an error of the server', { status: 500, type: 'ServerException', body: { message: 'oops' } }],
    ['a connection that breaks', 'hang up'],
  ] satisfies [string, Answer][])('rejects after %s: it is not known what was started', async (_, answer) => {
    const { launcher } = await startEcs(() => answer);
    await expect(launcher.start(ORDER)).rejects.toThrow();
  });
});

describe('counting workers', () => {
  it('lists those of the queue’s family page by page', async () => {
    const { launcher, calls } = await startEcs(({ body }) => ({
      body: body['nextToken']
        ? { taskArns: [arn('three')] }
        : { taskArns: [arn('one'), arn('two')], nextToken: 'more' },
    }));
    expect(await launcher.running('default', ['one'])).toBe(3);
    expect(calls.map(({ action, body }) => [action, body['family'], body['desiredStatus']])).toEqual([
      ['ListTasks', 'mill-default', 'RUNNING'],
      ['ListTasks', 'mill-default', 'RUNNING'],
    ]);
    await launcher.running('mail', []);
    expect(calls.at(-1)?.body['family']).toBe('mill-mail');
  });

  it('counts a recent one that is not listed yet, unless ECS knows that it has ended', async () => {
    const { launcher, calls } = await startEcs(({ action }) => ({
      body:
        action === 'ListTasks'
          ? { taskArns: [arn('one')] }
          : {
              tasks: [{ taskArn: arn('ended'), desiredStatus: 'STOPPED', lastStatus: 'DEPROVISIONING' }],
              failures: [{ arn: arn('unknown'), reason: 'MISSING' }],
            },
    }));
    expect(await launcher.running('default', ['one', 'unknown', 'ended'])).toBe(2);
    expect(calls[1]).toMatchObject({ action: 'DescribeTasks', body: { tasks: ['unknown', 'ended'] } });
  });
});

describe('MILLRACE_LAUNCH', () => {
  it('is refused when it is not what was expected', () => {
    expect(parseLaunchConfig(JSON.stringify(CONFIG))).toEqual(CONFIG);
    for (const text of ['', '{}', '[]', JSON.stringify({ ...CONFIG, cluster: '' })]) {
      expect(() => parseLaunchConfig(text)).toThrow('MILLRACE_LAUNCH: expected JSON with cluster');
    }
  });
});
