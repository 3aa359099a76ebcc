import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Millrace } from './millrace.ts';

/** A finding of cdk-nag that is meant to be so: where it is, and why. */
export interface Acknowledgement {
  /** Of the construct, below `Millrace`. */
  readonly path: string;
  readonly id: string;
  readonly reason: string;
}

const LAUNCHER: readonly Acknowledgement[] = [
  {
    path: 'Launcher/Role/DefaultPolicy',
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason:
      'ListTasks takes no resource but container instances, of which Fargate has none. The condition on the cluster ' +
      'is what limits it.',
  },
];

const CLUSTER: readonly Acknowledgement[] = [
  {
    path: 'Cluster/Cluster',
    id: 'AwsSolutions-ECS4',
    reason:
      'No Container Insights: it bills custom metrics by the task, and workers come and go by the hundred. What ' +
      'matters is measured on the queues and in the workers’ own reports.',
  },
];

const OWN_NETWORK: readonly Acknowledgement[] = [
  {
    path: 'Network/Vpc',
    id: 'AwsSolutions-VPC7',
    reason:
      'No flow log: nothing can connect to a worker (its security group has no rule inwards), and a log of what ' +
      'programs connect to costs by the gigabyte. Who needs one brings a network of their own.',
  },
];

function ofWorker(queue: string, family: string): readonly Acknowledgement[] {
  return [
    {
      path: `Worker-${queue}/TaskDefinition`,
      id: 'AwsSolutions-ECS2',
      reason:
        'Plain environment variables hold names and the queue’s settings, nothing secret. Secrets come by reference ' +
        'from Secrets Manager or SSM.',
    },
    {
      path: 'Launcher/Role/DefaultPolicy',
      id:
        'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition/' +
        `${family}:*]`,
      reason:
        'RunTask of any revision of this stack’s own task definition, in its own cluster: one that is deployed while ' +
        'the launcher runs is as good as the one before.',
    },
  ];
}

/** All that there are for a `Millrace`. */
export function acknowledgementsOf({ workers, hasOwnNetwork }: Millrace): readonly Acknowledgement[] {
  const ofWorkers = [...workers].flatMap(([queue, { family }]) => ofWorker(queue, family));
  return [...LAUNCHER, ...CLUSTER, ...(hasOwnNetwork ? OWN_NETWORK : []), ...ofWorkers];
}

/** Tells cdk-nag which of its findings are meant to be so. */
export function acknowledgeFindings(millrace: Millrace): void {
  for (const { path, id, reason } of acknowledgementsOf(millrace)) {
    const construct = path.split('/').reduce((at, name) => at.node.findChild(name), millrace as Construct);
    Validations.of(construct).acknowledge({ id, reason });
  }
}
