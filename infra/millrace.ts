import { Stack } from 'aws-cdk-lib';
import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Grant, IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms } from './alarms.ts';
import { ApiFunction } from './api-function.ts';
import { parseConfig, toDefinition, type MillraceConfig, type MillraceConfigInput } from './config.ts';
import { DeadLetterFunction } from './dead-letter-function.ts';
import { toQueuesVariable } from './function-environment.ts';
import { HttpApi } from './http-api.ts';
import { LauncherFunction } from './launcher-function.ts';
import { countFailedTasks, deadLetters, failedTasks, oldestMessage, waitingMessages } from './metrics.ts';
import { QueueDashboard } from './queue-dashboard.ts';
import { addOutputs } from './stack-outputs.ts';
import { TaskQueue } from './task-queue.ts';
import { TaskTable } from './task-table.ts';
import { WorkerCluster } from './worker-cluster.ts';
import { makeWorkerImage } from './worker-image.ts';
import { WorkerNetwork, type ExistingNetwork } from './worker-network.ts';
import { WorkerService } from './worker-service.ts';
import { WorkerTask } from './worker-task.ts';

/** The settings of docs/deploy.md, and what an app may hand over as constructs of its own. */
export interface MillraceProps extends Omit<MillraceConfigInput, 'workerImage'> {
  /** A network of the app's own; goes before `vpc`. */
  readonly network?: ExistingNetwork;
  /** An image, or the name of one; absent, it is built from worker-image/. */
  readonly workerImage?: ContainerImage | string | undefined;
  /** Of the workers' image; ARM64 unless told. */
  readonly architecture?: CpuArchitecture;
  /** Told of every alarm. */
  readonly alarmTopic?: ITopic;
}

/** A command queue: queues, table, API, functions, and the workers that are started when there is something to do. */
export class Millrace extends Construct {
  readonly table: TableV2;
  readonly api: HttpApi;
  /** By name. */
  readonly queues: ReadonlyMap<string, TaskQueue>;
  /** By the name of their queue. */
  readonly workers: ReadonlyMap<string, WorkerTask>;
  readonly alarms: readonly Alarm[];
  readonly cluster: WorkerCluster;
  readonly config: MillraceConfig;
  /** Whether it has made a network for its workers. */
  readonly hasOwnNetwork: boolean;
  /** Whether the workers' image is built at deployment. */
  readonly buildsImage: boolean;

  constructor(scope: Construct, id: string, props: MillraceProps = {}) {
    super(scope, id);
    const {
      network: existing,
      workerImage,
      architecture = CpuArchitecture.ARM64,
      alarmTopic,
      ...settings
    } = props;
    const config = parseConfig(settings);
    this.config = config;
    const prefix = `${Stack.of(this).stackName}-`;
    const logRetention: RetentionDays = config.logRetentionDays;

    this.table = new TaskTable(this, 'Table', config).table;
    this.queues = new Map(
      config.queues.map((queue) => [
        queue.name,
        new TaskQueue(this, `Queue-${queue.name}`, { definition: queue, prefix }),
      ]),
    );
    const queues = [...this.queues.values()];

    const given = existing ?? this.#importNetwork(config);
    this.hasOwnNetwork = given === undefined;
    const network = new WorkerNetwork(this, 'Network', given);
    const cluster = new WorkerCluster(this, 'Cluster', { vpc: network.vpc, logRetention });
    this.cluster = cluster;
    this.buildsImage = workerImage === undefined;
    const image = makeWorkerImage(this, workerImage, architecture);
    this.workers = new Map(
      config.queues.map((queue) => [
        queue.name,
        new WorkerTask(this, `Worker-${queue.name}`, {
          config: queue,
          queue: this.#queue(queue.name),
          table: this.table,
          cluster,
          image,
          architecture,
          prefix,
        }),
      ]),
    );
    for (const { name, minWorkers } of config.queues) {
      const worker = this.#worker(name);
      if (minWorkers > 0)
        new WorkerService(this, `Service-${name}`, { cluster, network, worker, count: minWorkers });
    }

    const queuesJson = toQueuesVariable(config.queues.map((queue) => toDefinition(queue)));
    const functionProps = {
      table: this.table,
      queues,
      environment: {
        MILLRACE_TABLE: this.table.tableName,
        MILLRACE_QUEUES: queuesJson,
        MILLRACE_QUEUE_PREFIX: prefix,
      },
      logRetention,
    };
    const launcher = new LauncherFunction(this, 'Launcher', {
      ...functionProps,
      cluster,
      network,
      workers: this.workers,
    }).function;
    const deadLetter = new DeadLetterFunction(this, 'DeadLetter', functionProps);
    const handler = new ApiFunction(this, 'Api', {
      ...functionProps,
      launcher,
      concurrency: config.apiConcurrency,
    }).function;
    this.api = new HttpApi(this, 'HttpApi', { handler, throttle: config.throttle, logRetention });

    countFailedTasks(this, 'FailedTasksOfWorkers', cluster.logGroup);
    countFailedTasks(this, 'FailedTasksOfDeadLetters', deadLetter.logGroup);
    this.alarms = new Alarms(this, 'Alarms', {
      queues,
      launcher,
      deadLetterFunction: deadLetter.function,
      failedTasks: config.failedTasksAlarm,
      email: config.alarmEmail,
      topic: alarmTopic,
    }).alarms;
    if (config.dashboard) {
      const functions = { api: handler, launcher, 'dead letters': deadLetter.function };
      new QueueDashboard(this, 'Dashboard', { queues, functions, alarms: this.alarms });
    }
    addOutputs(this, {
      apiUrl: this.api.url,
      tableName: this.table.tableName,
      clusterName: cluster.cluster.clusterName,
      launcherFunction: launcher.functionName,
      workerLogGroup: cluster.logGroup.logGroupName,
      queuesJson,
      queues,
    });
  }

  /** Lets someone enqueue tasks and batches over the API, and nothing else. */
  grantEnqueue(grantee: IGrantable): Grant {
    return this.api.grantInvoke(grantee, [
      'POST/v1/queues/*/tasks',
      'POST/v1/queues/*/batches',
      'POST/v1/task_list/batch/',
      'POST/task/*',
    ]);
  }

  /** Lets someone read tasks, batches and queues over the API, and change nothing. */
  grantRead(grantee: IGrantable): Grant {
    return this.api.grantInvoke(grantee, ['GET/*']);
  }

  /** Lets someone do all that the API can: cancel, redrive, purge, pause and launch workers too. */
  grantOperate(grantee: IGrantable): Grant {
    return this.api.grantInvoke(grantee, ['*/*']);
  }

  /** The role of a queue's programs, to grant rights to. @throws Error where the config gives the queue none */
  programRole(queue: string): IRole {
    const role = this.#worker(queue).programRole;
    if (role) return role;
    throw new Error(
      `The programs of queue ${queue} have no role: set its programRole (to [] for one to grant to)`,
    );
  }

  metricWaiting(queue: string): Metric {
    return waitingMessages(this.#queue(queue));
  }

  metricOldestMessage(queue: string): Metric {
    return oldestMessage(this.#queue(queue));
  }

  metricDeadLetters(queue: string): Metric {
    return deadLetters(this.#queue(queue));
  }

  metricFailedTasks(queue: string): Metric {
    return failedTasks(this, this.#queue(queue).name);
  }

  #queue(name: string): TaskQueue {
    return known(this.queues, name);
  }

  #worker(name: string): WorkerTask {
    return known(this.workers, name);
  }

  /** By ids alone, so that no look-up in the account is needed to synthesise. */
  #importNetwork({ vpc }: MillraceConfig): ExistingNetwork | undefined {
    if (!vpc) return undefined;
    return {
      vpc: Vpc.fromVpcAttributes(this, 'ExistingVpc', { vpcId: vpc.id, availabilityZones: [] }),
      subnets: vpc.subnetIds.map((id) => Subnet.fromSubnetId(this, id, id)),
      assignPublicIp: vpc.assignPublicIp,
    };
  }
}

function known<T>(things: ReadonlyMap<string, T>, name: string): T {
  const thing = things.get(name);
  if (thing !== undefined) return thing;
  throw new Error(`There is no queue ${name}; there are: ${[...things.keys()].join(', ')}`);
}
