import { Duration, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import {
  Capability,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
  type ContainerDefinition,
  type ContainerImage,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DEFAULT_DEPLOYED_SLOTS } from '../src/core/queue-definition.ts';
import { toDefinition, type QueueConfig } from './config.ts';
import { ProgramRole } from './program-role.ts';
import { grantWork } from './queue-access.ts';
import { BATCH_ROWS, grantRows, queueRows, TASK_ROWS, WORKFLOW_ROWS } from './table-access.ts';
import type { TaskQueue } from './task-queue.ts';
import type { WorkerCluster } from './worker-cluster.ts';
import { toContainerSecrets } from './worker-secrets.ts';

const STOP_TIMEOUT = Duration.seconds(120); // Fargate's maximum: the grace (100 s at most), then handing back
const SCRATCH = '/scratch';

export interface WorkerTaskProps {
  readonly config: QueueConfig;
  readonly queue: TaskQueue;
  readonly table: TableV2;
  readonly cluster: WorkerCluster;
  readonly image: ContainerImage;
  readonly architecture: CpuArchitecture;
  readonly prefix: string;
}

/** What a worker of one queue is: its container, and a role that reaches its queue and the table, nothing else. */
export class WorkerTask extends Construct {
  readonly family: string;
  readonly taskRole: Role;
  /** Of the queue's programs; absent, they have no rights in AWS. */
  readonly programRole: IRole | undefined = undefined;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;

  constructor(scope: Construct, id: string, props: WorkerTaskProps) {
    super(scope, id);
    const { config, queue, table, cluster, image, architecture, prefix } = props;
    this.family = `${prefix}${config.name}`;
    this.taskRole = new Role(this, 'TaskRole', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
      description: 'A Millrace worker: its queue and the rows of its tasks',
    });
    grantWork(this.taskRole, queue.queue);
    grantRows(this.taskRole, table, {
      [TASK_ROWS]: [
        'GetItem',
        'BatchGetItem',
        'Query',
        'PutItem',
        'UpdateItem',
        'PartiQLInsert',
        'PartiQLUpdate',
      ],
      [BATCH_ROWS]: ['GetItem'], // the programs of a chunk
      [WORKFLOW_ROWS]: ['GetItem', 'UpdateItem'], // what comes after an end
      [queueRows(config.name)]: ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'], // pause, ledgers, its report
    });
    if (config.minWorkers > 0) this.#allowProtection(cluster);
    if (config.programRole !== undefined) {
      const { role } = new ProgramRole(this, 'ProgramRole', {
        taskRole: this.taskRole,
        config: config.programRole,
      });
      this.programRole = role;
    }

    this.taskDefinition = new FargateTaskDefinition(this, 'TaskDefinition', {
      family: this.family,
      cpu: config.cpu,
      memoryLimitMiB: config.memoryMiB,
      taskRole: this.taskRole,
      runtimePlatform: { cpuArchitecture: architecture, operatingSystemFamily: OperatingSystemFamily.LINUX },
      volumes: [{ name: 'scratch' }],
    });
    this.container = this.taskDefinition.addContainer('worker', {
      image,
      logging: LogDriver.awsLogs({ logGroup: cluster.logGroup, streamPrefix: config.name }),
      environment: {
        MILLRACE_TABLE: table.tableName,
        MILLRACE_QUEUES: Stack.of(this).toJsonString([toDefinition(config, this.programRole?.roleArn)]),
        MILLRACE_QUEUE_PREFIX: prefix,
        MILLRACE_QUEUE: config.name,
        MILLRACE_MODE: config.minWorkers > 0 ? 'forever' : 'until-empty',
        MILLRACE_SLOTS: String(config.slots ?? DEFAULT_DEPLOYED_SLOTS),
        MILLRACE_SCRATCH: SCRATCH,
      },
      secrets: toContainerSecrets(this, config.secrets),
      readonlyRootFilesystem: true, // what programs write is gone with the worker, and nothing of ours can be changed
      stopTimeout: STOP_TIMEOUT,
      linuxParameters: this.#linuxParameters(),
    });
    this.container.addMountPoints({ containerPath: SCRATCH, sourceVolume: 'scratch', readOnly: false });
  }

  /**
   * `init` reaps what programs leave behind. Of what Docker allows, workers need SETUID, SETGID, KILL, CHOWN,
   * DAC_OVERRIDE and FOWNER: to run programs as another user, to end them, and to clean up after them.
   */
  #linuxParameters(): LinuxParameters {
    const linux = new LinuxParameters(this, 'LinuxParameters', { initProcessEnabled: true });
    linux.dropCapabilities(
      Capability.AUDIT_WRITE,
      Capability.FSETID,
      Capability.MKNOD,
      Capability.NET_BIND_SERVICE,
      Capability.NET_RAW,
      Capability.SETFCAP,
      Capability.SETPCAP,
      Capability.SYS_CHROOT,
    );
    return linux;
  }

  /** A busy worker of a service asks ECS not to choose it when the service is made smaller or deployed anew. */
  #allowProtection({ cluster }: WorkerCluster): void {
    const tasks = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'task',
      resourceName: `${cluster.clusterName}/*`,
    });
    this.taskRole.addToPolicy(
      new PolicyStatement({
        actions: ['ecs:UpdateTaskProtection'],
        resources: [tasks],
        conditions: { ArnEquals: { 'ecs:cluster': cluster.clusterArn } },
      }),
    );
  }
}
