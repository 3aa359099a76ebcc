import { Stack, Validations, type CfnElement } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { QueueConfig } from './config.ts';
import type { Schedules } from './schedules.ts';
import type { WorkerFleet } from './worker-fleet.ts';

/** A finding of cdk-nag that is meant to be so: where it is, and why. */
export interface Acknowledgement {
  /** Of the construct, below `Millrace`. */
  readonly path: string;
  readonly id: string;
  readonly reason: string;
}

/** A `Millrace`, as far as its findings depend on it. */
export interface Checked extends IConstruct {
  readonly config: { readonly queues: readonly QueueConfig[] };
  readonly fleet: WorkerFleet;
  readonly schedules: Schedules;
  readonly hasOwnNetwork: boolean;
}

const HERE = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>'; // as cdk-nag spells it

const SCHEDULES = 'arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule';

/** All that there are for a `Millrace`, and no more. */
export function acknowledgementsOf(millrace: Checked): readonly Acknowledgement[] {
  const { cluster } = millrace.fleet;
  const clusterId = Stack.of(cluster).getLogicalId(cluster.cluster.node.defaultChild as CfnElement);
  const groupId = Stack.of(cluster).getLogicalId(millrace.schedules.group);
  const tasks = wildcard(`${HERE}:task/<${clusterId}>/*`);
  return [
    {
      path: 'Workers/Cluster/Cluster',
      id: 'AwsSolutions-ECS4',
      reason:
        'No Container Insights: it bills custom metrics by the task, and workers come and go by the hundred. What ' +
        'matters is measured on the queues and in the workers’ own reports.',
    },
    {
      path: 'Functions/Launcher/Role/DefaultPolicy',
      id: wildcard('*'),
      reason:
        'ListTasks takes no resource but container instances, of which Fargate has none. The condition on the ' +
        'cluster is what limits it.',
    },
    {
      path: 'Functions/Launcher/Role/DefaultPolicy',
      id: tasks,
      reason: 'DescribeTasks in this stack’s cluster: tasks have random ids, known once they are started.',
    },
    {
      path: 'Schedules/Undelivered',
      id: 'AwsSolutions-SQS3',
      reason:
        'It is a dead-letter queue: of EventBridge Scheduler, which names it in each schedule that the API makes, where ' +
        'cdk-nag does not look. An alarm watches it.',
    },
    {
      path: 'Functions/Api/Role/DefaultPolicy',
      id: wildcard(`${SCHEDULES}/<${groupId}>/*`),
      reason: 'Schedules have the names that callers give them; they are those of this stack’s own group.',
    },
    {
      path: 'Functions/Api/Role/DefaultPolicy',
      id: wildcard(`${SCHEDULES}/*/*`),
      reason:
        'ListSchedules is asked of all groups, whichever the request names. It tells names; what is in a schedule ' +
        'takes GetSchedule, which is granted in the own group alone.',
    },
    ...(millrace.hasOwnNetwork ? [OWN_NETWORK] : []),
    ...millrace.config.queues.flatMap((queue) => ofWorker(millrace, queue, tasks)),
  ];
}

const OWN_NETWORK: Acknowledgement = {
  path: 'Workers/Network/Vpc',
  id: 'AwsSolutions-VPC7',
  reason:
    'No flow log: nothing can connect to a worker (its security group has no rule inwards), and a log of what ' +
    'programs connect to costs by the gigabyte. Who needs one brings a network of their own.',
};

function ofWorker(millrace: Checked, queue: QueueConfig, tasks: string): Acknowledgement[] {
  const worker = `Workers/Worker-${queue.name}`;
  const family = millrace.fleet.workers.get(queue.name)?.family;
  const builtImage: Acknowledgement = {
    path: `${worker}/TaskDefinition/ExecutionRole/DefaultPolicy`,
    id: wildcard('*'),
    reason: 'ecr:GetAuthorizationToken takes no resource. The image itself is granted by its repository.',
  };
  const protection: Acknowledgement = {
    path: `${worker}/TaskRole/DefaultPolicy`,
    id: tasks,
    reason: 'A worker of a service protects itself while it is busy; its id is known once it runs.',
  };
  return [
    {
      path: `${worker}/TaskDefinition`,
      id: 'AwsSolutions-ECS2',
      reason:
        'Plain environment variables hold names and the queue’s settings, nothing secret. Secrets come by reference ' +
        'from Secrets Manager or SSM.',
    },
    {
      path: 'Functions/Launcher/Role/DefaultPolicy',
      id: wildcard(`${HERE}:task-definition/${family}:*`),
      reason:
        'RunTask of any revision of this stack’s own task definition, in its own cluster: one that is deployed while ' +
        'the launcher runs is as good as the one before.',
    },
    ...(millrace.fleet.buildsImage ? [builtImage] : []),
    ...(queue.minWorkers > 0 ? [protection] : []),
    ...ofProgramRole(worker, queue.programRole),
  ];
}

/** What the config grants to programs with a wildcard in it is what its author wants. */
function ofProgramRole(worker: string, role: QueueConfig['programRole']): Acknowledgement[] {
  if (role === undefined || typeof role === 'string') return [];
  const ids = role.flatMap(({ actions, resources }) => [
    ...actions.filter(hasWildcard).map((action) => `AwsSolutions-IAM5[Action::${action}]`),
    ...resources.filter(hasWildcard).map(wildcard),
  ]);
  return [...new Set(ids)].map((id) => ({
    path: `${worker}/ProgramRole/Role/DefaultPolicy`,
    id,
    reason: 'The config grants this to the queue’s programs, word for word.',
  }));
}

function hasWildcard(text: string): boolean {
  return text.includes('*');
}

function wildcard(resource: string): string {
  return `AwsSolutions-IAM5[Resource::${resource}]`;
}

/** Tells cdk-nag which of its findings are meant to be so. */
export function acknowledgeFindings(millrace: Checked): void {
  for (const { path, id, reason } of acknowledgementsOf(millrace)) {
    const construct = path.split('/').reduce<IConstruct>((at, name) => at.node.findChild(name), millrace);
    Validations.of(construct).acknowledge({ id, reason });
  }
}
