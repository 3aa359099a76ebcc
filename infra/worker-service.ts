import { FargateService, type ICluster } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import type { WorkerCluster } from './worker-cluster.ts';
import type { WorkerNetwork } from './worker-network.ts';
import type { WorkerTask } from './worker-task.ts';

export interface WorkerServiceProps {
  readonly cluster: WorkerCluster;
  readonly network: WorkerNetwork;
  readonly worker: WorkerTask;
  /** Workers that always run. */
  readonly count: number;
}

/**
 * The workers of a queue that always run. Their number is fixed: scaling in would stop workers that are busy, and
 * what comes in bursts is for drain workers. They are on demand, since ECS replaces a reclaimed Spot task late.
 */
export class WorkerService extends Construct {
  readonly service: FargateService;

  constructor(scope: Construct, id: string, { cluster, network, worker, count }: WorkerServiceProps) {
    super(scope, id);
    this.service = new FargateService(this, 'Service', {
      cluster: cluster.cluster as ICluster, // CDK's own classes do not keep to `exactOptionalPropertyTypes`
      taskDefinition: worker.taskDefinition,
      desiredCount: count,
      vpcSubnets: { subnets: [...network.subnets] },
      securityGroups: [network.securityGroup],
      assignPublicIp: network.assignPublicIp,
      // A deployment starts new workers first: what the old ones hand back is taken at once.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true }, // an image that does not start is not tried for hours
      enableECSManagedTags: true,
    });
  }
}
