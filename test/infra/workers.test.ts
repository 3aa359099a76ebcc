import { describe, expect, it } from 'vitest';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { resolveText } from './rights.ts';
import { synthesise, type Synthesised } from './synthesised.ts';

interface Container {
  readonly Name: string;
  readonly Environment: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Secrets?: readonly { readonly Name: string; readonly ValueFrom: unknown }[];
  readonly [setting: string]: unknown;
}

function containerOf(stack: Synthesised, queue = 'default'): Container {
  const { Properties: task } = stack.resource(`Workers/Worker-${queue}/TaskDefinition`);
  const [container] = task['ContainerDefinitions'] as Container[];
  if (!container) throw new Error('the task has no container');
  return container;
}

function environmentOf(stack: Synthesised, queue = 'default'): Record<string, string> {
  const { Environment: variables } = containerOf(stack, queue);
  return Object.fromEntries(
    variables.map(({ Name: name, Value: value }) => [name, resolveText(stack, value)]),
  );
}

describe('a worker’s task', () => {
  const stack = synthesise({ queues: [{ name: 'default', cpu: 1024, memoryMiB: 4096, slots: 16 }] });
  const { Properties: task } = stack.resource('Workers/Worker-default/TaskDefinition');
  const container = containerOf(stack);

  it('is of the size that the config says, on ARM', () => {
    expect(task).toMatchObject({
      Family: 'Millrace-default',
      Cpu: '1024',
      Memory: '4096',
      RequiresCompatibilities: ['FARGATE'],
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
  });

  it('has handlers from a folder or in an image that is given, not both', () => {
    expect(() => synthesise({ tasks: 'tasks' })).toThrow(/Both `workerImage` and `tasks`/);
  });

  it('writes to its scratch volume and nowhere else', () => {
    expect(container['ReadonlyRootFilesystem']).toBe(true);
    expect(container['MountPoints']).toEqual([
      { ContainerPath: '/scratch', ReadOnly: false, SourceVolume: 'scratch' },
    ]);
    expect(environmentOf(stack)['MILLRACE_SCRATCH']).toBe('/scratch');
  });

  it('has an init process, the longest time to stop, and only the capabilities that it needs', () => {
    expect(container['StopTimeout']).toBe(120);
    const linux = container['LinuxParameters'] as { Capabilities: { Drop: string[] } };
    expect(linux).toMatchObject({ InitProcessEnabled: true });
    for (const needed of ['SETUID', 'SETGID', 'CHOWN', 'KILL', 'DAC_OVERRIDE', 'FOWNER']) {
      expect(linux.Capabilities.Drop).not.toContain(needed);
    }
    expect(linux.Capabilities.Drop).toEqual(expect.arrayContaining(['NET_RAW', 'MKNOD', 'SYS_CHROOT']));
    expect(linux.Capabilities).not.toHaveProperty('Add');
  });

  it('logs below its queue’s name, to a group that forgets', () => {
    expect(container['LogConfiguration']).toMatchObject({
      LogDriver: 'awslogs',
      Options: { 'awslogs-stream-prefix': 'default' },
    });
    for (const [path, { Properties: group }] of stack.ofType('AWS::Logs::LogGroup')) {
      expect(group['RetentionInDays'], path).toBe(30);
    }
  });

  it('is told its own queue, in full', () => {
    const { MILLRACE_QUEUES: queues = '', ...rest } = environmentOf(stack);
    expect(JSON.parse(queues)).toEqual([
      queueDefinitionSchema.parse({ name: 'default', cpu: 1024, memoryMiB: 4096, slots: 16 }),
    ]);
    expect(rest).toEqual({
      MILLRACE_TABLE: '<Table/Table>',
      MILLRACE_QUEUE_PREFIX: 'Millrace-',
      MILLRACE_QUEUE: 'default',
      MILLRACE_MODE: 'until-empty',
      MILLRACE_SLOTS: '16',
      MILLRACE_SCRATCH: '/scratch',
    });
  });
});

describe('secrets', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:mail-AbCdEf';
  const elsewhere = 'arn:aws:ssm:us-east-1:999999999999:parameter/mail/other';
  const stack = synthesise({
    queues: [
      {
        name: 'default',
        secrets: {
          BY_ARN: `${arn}:password`,
          BY_NAME: 'secret:db',
          BY_SSM: 'ssm:/mail/key',
          BY_SSM_ARN: elsewhere,
        },
      },
    ],
  });
  const container = containerOf(stack);

  it('come from Secrets Manager and SSM by reference', () => {
    const references = (container.Secrets ?? []).map(({ Name: name, ValueFrom: from }) => [
      name,
      resolveText(stack, from),
    ]);
    expect(Object.fromEntries(references)).toEqual({
      BY_ARN: `${arn}:password::`,
      BY_NAME: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:db',
      BY_SSM: 'arn:aws:ssm:eu-west-1:111122223333:parameter/mail/key',
      BY_SSM_ARN: elsewhere,
    });
  });

  it('are named to the worker, which redacts their values', () => {
    const [definition] = JSON.parse(environmentOf(stack)['MILLRACE_QUEUES'] ?? '') as {
      secretNames: string[];
    }[];
    expect(definition?.secretNames).toEqual(['BY_ARN', 'BY_NAME', 'BY_SSM', 'BY_SSM_ARN']);
  });

  it('are named to no function', () => {
    for (const [path, { Properties: fn }] of stack.ofType('AWS::Lambda::Function')) {
      expect(JSON.stringify(fn['Environment']), path).not.toContain('BY_ARN');
    }
  });
});

describe('workers that always run', () => {
  const stack = synthesise({ queues: [{ name: 'default' }, { name: 'always', minWorkers: 2 }] });

  it('are a service of a fixed size, of the queue that asks for them', () => {
    const services = [...stack.ofType('AWS::ECS::Service')];
    expect(services.map(([path]) => path)).toEqual(['Workers/Service-always/Service/Service']);
    expect(services[0]?.[1].Properties).toMatchObject({ DesiredCount: 2, LaunchType: 'FARGATE' });
    expect(environmentOf(stack, 'always')['MILLRACE_MODE']).toBe('forever');
  });

  it('are never scaled by anything', () => {
    const types = Object.values(
      (stack.template.toJSON() as { Resources: Record<string, { Type: string }> }).Resources,
    );
    expect(types.filter(({ Type: type }) => /AutoScaling/.test(type))).toEqual([]);
  });
});

describe('the network', () => {
  it('is made without NAT, and lets nothing in', () => {
    const stack = synthesise();
    expect(stack.ofType('AWS::EC2::NatGateway').size).toBe(0);
    expect(stack.ofType('AWS::EC2::SecurityGroupIngress').size).toBe(0);
    for (const { Properties: group } of stack.ofType('AWS::EC2::SecurityGroup').values()) {
      expect(group).not.toHaveProperty('SecurityGroupIngress');
    }
  });

  it('may be one that is there, found by ids alone', () => {
    const stack = synthesise({
      vpc: { id: 'vpc-0a1b2c3d', subnetIds: ['subnet-0c2d3e4f', 'subnet-0e3f4a5b'] },
    });
    expect(stack.ofType('AWS::EC2::VPC').size).toBe(0);
    const { Properties: launcher } = stack.resource('Functions/Launcher/Function');
    const { Variables: variables } = launcher['Environment'] as { Variables: Record<string, unknown> };
    expect(JSON.parse(resolveText(stack, variables['MILLRACE_LAUNCH']))).toMatchObject({
      subnets: ['subnet-0c2d3e4f', 'subnet-0e3f4a5b'],
      assignPublicIp: false,
    });
  });
});

describe('the launcher’s target', () => {
  it('is what src/aws expects', async () => {
    const { parseLaunchConfig } = await import('../../src/aws/launch-config.ts');
    const stack = synthesise({ queues: [{ name: 'default' }, { name: 'reports' }] });
    const { Properties: launcher } = stack.resource('Functions/Launcher/Function');
    const { Variables: variables } = launcher['Environment'] as { Variables: Record<string, unknown> };
    expect(parseLaunchConfig(resolveText(stack, variables['MILLRACE_LAUNCH']))).toEqual({
      cluster: '<Workers/Cluster/Cluster>',
      subnets: ['<Workers/Network/Vpc/WorkersSubnet1/Subnet>', '<Workers/Network/Vpc/WorkersSubnet2/Subnet>'],
      securityGroups: ['<Workers/Network/WorkerSecurityGroup.GroupId>'],
      assignPublicIp: true,
      taskDefinitions: { default: 'Millrace-default', reports: 'Millrace-reports' },
    });
  });

  it('is run every minute', () => {
    const [rule] = [...synthesise().ofType('AWS::Events::Rule').values()];
    expect(rule?.Properties['ScheduleExpression']).toBe('rate(1 minute)');
  });

  it('is not sent again later, when what was sent then is done', () => {
    const [config] = [...synthesise().ofType('AWS::Lambda::EventInvokeConfig').values()];
    expect(config?.Properties).toMatchObject({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
  });
});
