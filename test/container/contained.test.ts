import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { connectDockerEngine, type DockerEngine } from '../support/docker-engine.ts';
import { REGION } from '../support/ministack.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { readStackResources } from '../support/stack-resources.ts';
import { StackUser } from '../support/stack-user.ts';

/** What the task definition asks of Fargate and MiniStack does not pass on: the same, asked of the engine itself. */
describe('a program in the worker’s container', () => {
  const stack = inject('launching');
  let engine: DockerEngine;
  let user: StackUser;

  beforeAll(async () => {
    engine = connectDockerEngine(inject('dockerSocket'));
    user = await StackUser.open(stack);
  });
  afterAll(async () => {
    await user?.close();
    await engine?.stop();
  });

  /** Runs a command as a task, in a container set up as the task definition says. @returns what it printed */
  async function runContained(command: string): Promise<string> {
    return (await runTask({ command })).stdout ?? '';
  }

  async function runTask(task: object): Promise<TaskView> {
    const { id } = await user.enqueue('contained', { ...task, maxAttempts: 1 });
    await engine.docker(
      'run',
      '--rm',
      ...(await fargateFlags()),
      stack.context.image,
      'worker',
      'contained',
      'once',
    );
    const ended = await user.ended(id);
    expect(ended).toMatchObject({ state: 'SUCCEEDED' });
    return ended;
  }

  async function fargateFlags(): Promise<string[]> {
    const ecs = new ECSClient({ endpoint: stack.endpoint, region: REGION, credentials: ROOT_KEY });
    const taskDefinition = `${stack.context.stack}-contained`;
    const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
    ecs.destroy();
    const environment = described.taskDefinition?.containerDefinitions?.[0]?.environment ?? [];
    // Not ECS's own answer, which lacks them.
    const resources = await readStackResources(stack.endpoint, stack.context.stack);
    const definition = resources.find(
      ({ properties }) => properties['Family'] === taskDefinition,
    )?.properties;
    const { Memory, ContainerDefinitions } = definition as unknown as Definition;
    const { LinuxParameters, ReadonlyRootFilesystem } = ContainerDefinitions[0];
    expect(LinuxParameters.InitProcessEnabled).toBe(true);
    expect(ReadonlyRootFilesystem).toBe(true);
    return [
      ...['--init', '--read-only', '--network', 'host', '--memory', `${Memory}m`],
      ...LinuxParameters.Capabilities.Drop.flatMap((capability) => ['--cap-drop', capability]),
      ...environment.flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
      ...['--env', `AWS_ENDPOINT_URL=${stack.endpoint}`],
      // As ECS does it; a program that could read it would have the worker's rights.
      ...['--env', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/secret'],
    ];
  }

  test('is another user than root and the worker, and sees no credentials anywhere', async () => {
    const printed = await runContained(
      [
        'echo "uid $(id -u) gid $(id -g) groups $(id -G)"',
        'env | grep -cE "^(AWS|ECS)_"',
        'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -cE "^(AWS|ECS)_"',
        // It looks in the right place: what it may see, it finds.
        'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep "^MILLRACE_TASK_ID=" | sort -u | wc -l',
        // It has something to look for: the worker's process is there.
        'for p in /proc/[0-9]*; do echo "$(stat -c %u $p) $(tr "\\0" " " < $p/cmdline)"; done | grep -c "^10001 node"',
        'for p in /proc/[0-9]*; do [ $(stat -c %u $p) = 10002 ] || ! kill -0 ${p#/proc/} 2>/dev/null || echo may kill $p; done',
      ].join('\n'),
    );
    expect(printed.split('\n')).toEqual(['uid 10002 gid 10002 groups 10002', '0', '0', '1', '1', '']);
  });

  test('that is a handler is as contained: another user, no credentials, and a bound to its memory', async () => {
    const { result } = await runTask({ handler: 'look' });
    const seen = result as { names: string[] };
    expect(seen).toMatchObject({ uid: 10_002, groups: '10002', readable: [], isBounded: true });
    expect(seen.names).toContain('MILLRACE_TASK_ID');
    expect(seen.names.filter((name) => /^(AWS|ECS)_/.test(name))).toEqual([]);
  });

  test('finds a file system that it cannot write to, but for its own folder', async () => {
    const printed = await runContained(
      [
        'for f in / /opt/millrace /usr/local/bin /etc /var /tmp /home /root /dev; do',
        '  touch $f/written 2>/dev/null && echo "wrote to $f"; rm -f $f/written 2>/dev/null',
        'done',
        'pwd | cut -d/ -f2; echo kept > own && cat own',
        'grep -c " / [^ ]* ro," /proc/mounts',
      ].join('\n'),
    );
    expect(printed.split('\n')).toEqual(['scratch', 'kept', '1', '']);
  });

  test('cannot gain rights: there is no set-uid program, and none of root’s capabilities are its own', async () => {
    const printed = await runContained(
      'find / -xdev -perm /6000 -type f 2>/dev/null | wc -l; grep -E "^Cap(Eff|Prm|Amb)" /proc/self/status',
    );
    expect(printed.replaceAll('\t', ' ').split('\n')).toEqual([
      '0',
      ...['CapPrm: 0000000000000000', 'CapEff: 0000000000000000', 'CapAmb: 0000000000000000'],
      '',
    ]);
  });
});

interface Definition {
  readonly Family: string;
  readonly Memory: string;
  readonly ContainerDefinitions: [
    {
      readonly ReadonlyRootFilesystem: boolean;
      readonly LinuxParameters: {
        readonly InitProcessEnabled: boolean;
        readonly Capabilities: { readonly Drop: readonly string[] };
      };
    },
  ];
}
