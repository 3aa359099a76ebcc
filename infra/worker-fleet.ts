import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { CpuArchitecture, type ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { QueueConfig } from './config.ts';
import type { TaskQueue } from './task-queue.ts';
import { WorkerCluster } from './worker-cluster.ts';
import { makeWorkerImage } from './worker-image.ts';
import { WorkerNetwork, type ExistingNetwork } from './worker-network.ts';
import { WorkerService } from './worker-service.ts';
import { WorkerTask } from './worker-task.ts';

export interface WorkerFleetProps {
  readonly queues: readonly { readonly config: QueueConfig; readonly queue: TaskQueue }[];
  readonly table: TableV2;
  readonly prefix: string;
  readonly network: ExistingNetwork | undefined;
  readonly image: ContainerImage | string | undefined;
  readonly architecture: CpuArchitecture | undefined;
  readonly tasks: string | undefined;
  readonly logRetention: RetentionDays;
}

/** All that workers are made of and run in; what launches them is a function. */
export class WorkerFleet extends Construct {
  readonly network: WorkerNetwork;
  readonly cluster: WorkerCluster;
  /** By the name of their queue. */
  readonly workers: ReadonlyMap<string, WorkerTask>;
  /** Whether the image is built at deployment. */
  readonly buildsImage: boolean;

  constructor(scope: Construct, id: string, props: WorkerFleetProps) {
    super(scope, id);
    const { queues, table, prefix, logRetention, architecture = CpuArchitecture.ARM64 } = props;
    this.network = new WorkerNetwork(this, 'Network', props.network);
    this.cluster = new WorkerCluster(this, 'Cluster', { vpc: this.network.vpc, logRetention });
    this.buildsImage = props.image === undefined;
    const image = makeWorkerImage(this, props.image, architecture, props.tasks);
    const { network, cluster } = this;
    this.workers = new Map(
      queues.map(({ config, queue }) => {
        const common = { config, queue, table, cluster, image, architecture, prefix };
        return [config.name, new WorkerTask(this, `Worker-${config.name}`, common)];
      }),
    );
    for (const { name, minWorkers: count } of queues.map(({ config }) => config)) {
      const worker = this.workers.get(name);
      if (worker && count > 0)
        new WorkerService(this, `Service-${name}`, { cluster, network, worker, count });
    }
  }
}
