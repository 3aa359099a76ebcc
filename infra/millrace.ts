import { Stack } from 'aws-cdk-lib';
import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Grant, IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledgeFindings } from './acknowledgements.ts';
import { Alarms } from './alarms.ts';
import { parseConfig, toDefinition, type MillraceConfig, type MillraceConfigInput } from './config.ts';
import { toQueuesVariable } from './function-environment.ts';
import { Functions } from './functions.ts';
import { HttpApi } from './http-api.ts';
import { countFailedTasks, deadLetters, failedTasks, oldestMessage, waitingMessages } from './metrics.ts';
import { QueueDashboard } from './queue-dashboard.ts';
import { Schedules } from './schedules.ts';
import { addOutputs } from './stack-outputs.ts';
import { TaskQueue } from './task-queue.ts';
import { TaskTable } from './task-table.ts';
import { WorkerFleet } from './worker-fleet.ts';
import type { ExistingNetwork } from './worker-network.ts';
import type { WorkerTask } from './worker-task.ts';

/** The settings of docs/deploy.md, and what an app may hand over as constructs of its own. */
export interface MillraceProps extends Omit<MillraceConfigInput, 'workerImage'> {
  /** A network of the app's own; goes before `vpc`. */
  readonly network?: ExistingNetwork;
  /** An image, or the name of one; absent, it is built from worker-image/. */
  readonly workerImage?: ContainerImage | string | undefined;
  /**
   * Folder of the named handlers that go into the image, which is then built: `tasks/*.ts` of the app, bundled with the
   * app's own esbuild. Absent: those of the checkout, or the examples of the package.
   */
  readonly tasks?: string;
  /** Of the workers' image; ARM64 unless told. */
  readonly architecture?: CpuArchitecture;
  /** Told of every alarm. */
  readonly alarmTopic?: ITopic;
}

/** A command queue: queues, table, API, functions, and the workers that are started when there is something to do. */
export class Millrace extends Construct {
  readonly config: MillraceConfig;
  readonly table: TableV2;
  /** By name. */
  readonly queues: ReadonlyMap<string, TaskQueue>;
  readonly fleet: WorkerFleet;
  readonly functions: Functions;
  readonly schedules: Schedules;
  readonly api: HttpApi;
  readonly alarms: readonly Alarm[];
  /** Whether it has made a network for its workers. */
  readonly hasOwnNetwork: boolean;

  constructor(scope: Construct, id: string, props: MillraceProps = {}) {
    super(scope, id);
    assertAlone(this);
    const { network, workerImage, tasks, architecture, alarmTopic, ...settings } = props;
    const config = parseConfig(settings, `The props of ${this.node.path} are`);
    this.config = config;
    const prefix = `${Stack.of(this).stackName}-`;
    const logRetention: RetentionDays = config.logRetentionDays;
    const queuesJson = toQueuesVariable(
      config.queues.map((queue) => toDefinition(queue)),
      prefix,
    );

    const { table } = new TaskTable(this, 'Table', config);
    const pairs = config.queues.map((queue) => ({
      config: queue,
      queue: new TaskQueue(this, `Queue-${queue.name}`, { definition: queue, prefix }),
    }));
    const queues = pairs.map(({ queue }) => queue);
    this.table = table;
    this.queues = new Map(queues.map((queue) => [queue.name, queue]));

    const existing = network ?? this.#importNetwork(config);
    this.hasOwnNetwork = existing === undefined;
    this.fleet = new WorkerFleet(this, 'Workers', {
      queues: pairs,
      table,
      prefix,
      network: existing,
      image: workerImage,
      tasks,
      architecture,
      logRetention,
    });
    const { cluster } = this.fleet;

    const { apiConcurrency, throttle } = config;
    const { fleet } = this;
    this.schedules = new Schedules(this, 'Schedules', queues);
    const { schedules } = this;
    this.functions = new Functions(this, 'Functions', {
      table,
      queues,
      schedules,
      queuesJson,
      prefix,
      fleet,
      apiConcurrency,
      logRetention,
    });
    const { api, launcher, deadLetter } = this.functions;
    this.api = new HttpApi(this, 'HttpApi', { handler: api.function, throttle, logRetention });

    countFailedTasks(this, 'FailedTasksOfWorkers', cluster.logGroup);
    countFailedTasks(this, 'FailedTasksOfDeadLetters', deadLetter.logGroup);
    this.alarms = new Alarms(this, 'Alarms', {
      queues,
      launcher: launcher.function,
      deadLetterFunction: deadLetter.function,
      undelivered: schedules.undelivered,
      failedTasks: config.failedTasksAlarm,
      email: config.alarmEmail,
      topic: alarmTopic,
    }).alarms;
    if (config.dashboard) {
      const functions = {
        api: api.function,
        launcher: launcher.function,
        'dead letters': deadLetter.function,
      };
      new QueueDashboard(this, 'Dashboard', { queues, functions, alarms: this.alarms });
    }
    addOutputs(this, {
      apiUrl: this.api.url,
      tableName: table.tableName,
      clusterName: cluster.cluster.clusterName,
      launcherFunction: launcher.function.functionName,
      workerLogGroup: cluster.logGroup.logGroupName,
      undeliveredQueueUrl: schedules.undelivered.queueUrl,
      queuesJson,
      queues,
    });
  }

  /** By the name of their queue. */
  get workers(): ReadonlyMap<string, WorkerTask> {
    return this.fleet.workers;
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

  /** Tells cdk-nag which of its findings are meant to be so, and why. */
  acknowledgeFindings(): void {
    acknowledgeFindings(this);
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
      vpc: Vpc.fromVpcAttributes(this, 'ExistingVpc', { vpcId: vpc.id, availabilityZones: ['unused'] }),
      subnets: vpc.subnetIds.map((id) => Subnet.fromSubnetId(this, id, id)),
      assignPublicIp: vpc.assignPublicIp,
    };
  }
}

/** The names of a stack's outputs are fixed, and so are there once. @throws Error */
function assertAlone(millrace: Millrace): void {
  const stack = Stack.of(millrace);
  const other = stack.node
    .findAll()
    .find((node) => node instanceof Millrace && node !== millrace && Stack.of(node) === stack);
  if (!other) return;
  throw new Error(
    `Stack ${stack.stackName} has a Millrace already, ${other.node.path}: give it more queues, or make this one in another stack`,
  );
}

function known<T>(things: ReadonlyMap<string, T>, name: string): T {
  const thing = things.get(name);
  if (thing !== undefined) return thing;
  throw new Error(`There is no queue ${name}; there are: ${[...things.keys()].join(', ')}`);
}
