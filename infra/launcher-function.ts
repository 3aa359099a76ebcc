import { Duration, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import type { LaunchTarget } from './function-environment.ts';
import { grantWork } from './queue-access.ts';
import { BATCH_ROWS, grantIndex, grantRows, queueRows, TASK_ROWS, WORKFLOW_ROWS } from './table-access.ts';
import type { TaskQueue } from './task-queue.ts';
import type { WorkerCluster } from './worker-cluster.ts';
import type { WorkerFleet } from './worker-fleet.ts';
import type { WorkerTask } from './worker-task.ts';

const UNSENT_CHUNKS = 'unsent#*';

export interface LauncherFunctionProps {
  readonly table: TableV2;
  readonly queues: readonly TaskQueue[];
  readonly fleet: WorkerFleet;
  /** What every function is told. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
}

/**
 * Starts workers when something is enqueued and, as a safety net, every minute; tidies up what loaders left
 * behind, and renews messages that SQS would forget.
 */
export class LauncherFunction extends BundledFunction {
  constructor(scope: Construct, id: string, props: LauncherFunctionProps) {
    const { table, queues, fleet } = props;
    super(scope, id, {
      name: 'launcher',
      description: 'starts workers',
      memoryMiB: 512,
      timeoutSeconds: 120, // sending the chunks of a large load that was cut short takes the longest
      environment: {
        ...props.environment,
        MILLRACE_LAUNCH: Stack.of(scope).toJsonString(toLaunchTarget(fleet)),
      },
      logRetention: props.logRetention,
    });
    const { role } = this;
    grantRows(role, table, {
      // A message that is renewed has its row made first, and its content moved along where that is kept beside it.
      [TASK_ROWS]: ['GetItem', 'Query', 'PutItem', 'UpdateItem'],
      [BATCH_ROWS]: ['GetItem', 'PutItem', 'UpdateItem'], // unsent chunks, folded totals
      [WORKFLOW_ROWS]: ['UpdateItem'], // kept for as long as a message of theirs is
      // Pause, workers' reports, the launch lock; ledgers are folded, and moved out of their list.
      [queueRows()]: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
    });
    grantIndex(role, table, 'open', [UNSENT_CHUNKS]);
    for (const { queue } of queues) grantWork(role, queue); // old messages of a queue that nobody receives are renewed
    grantLaunch(role, fleet.cluster, [...fleet.workers.values()]);
    // The next minute's run makes up for any that failed or came late, and counts anew: what was sent hours ago is done.
    this.function.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new Rule(this, 'EveryMinute', {
      description: 'Millrace: raw messages, lost invocations and unsent chunks wait a minute at most',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [
        // A run that was missed is not made up for: the next is a minute away.
        new LambdaFunction(this.function, { event: RuleTargetInput.fromObject({}), retryAttempts: 0 }),
      ],
    });
  }
}

function toLaunchTarget({ cluster, network, workers }: WorkerFleet): LaunchTarget {
  return {
    cluster: cluster.cluster.clusterName,
    subnets: network.subnets.map(({ subnetId }) => subnetId),
    securityGroups: [network.securityGroup.securityGroupId],
    assignPublicIp: network.assignPublicIp,
    taskDefinitions: Object.fromEntries([...workers].map(([queue, { family }]) => [queue, family])),
  };
}

/** Starting these workers in this cluster, with their own roles and no others. */
function grantLaunch(grantee: IGrantable, { cluster }: WorkerCluster, workers: readonly WorkerTask[]): void {
  const inCluster = { ArnEquals: { 'ecs:cluster': cluster.clusterArn } };
  const allow = (statement: ConstructorParameters<typeof PolicyStatement>[0]) =>
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement(statement));
  allow({
    actions: ['ecs:RunTask'],
    // Any revision: one that is deployed while the launcher runs is as good.
    resources: workers.map(({ family }) =>
      Stack.of(cluster).formatArn({
        service: 'ecs',
        resource: 'task-definition',
        resourceName: `${family}:*`,
      }),
    ),
    conditions: inCluster,
  });
  // ListTasks knows no resource but container instances, of which Fargate has none: the condition is what limits it.
  allow({ actions: ['ecs:ListTasks'], resources: ['*'], conditions: inCluster });
  allow({
    actions: ['ecs:DescribeTasks'],
    resources: [
      Stack.of(cluster).formatArn({
        service: 'ecs',
        resource: 'task',
        resourceName: `${cluster.clusterName}/*`,
      }),
    ],
    conditions: inCluster,
  });
  allow({
    actions: ['iam:PassRole'],
    resources: workers.flatMap(({ taskRole, taskDefinition }) => [
      taskRole.roleArn,
      taskDefinition.obtainExecutionRole().roleArn,
    ]),
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });
}
