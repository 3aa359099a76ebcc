import { RemovalPolicy } from 'aws-cdk-lib';
import { Cluster, type CfnCluster } from 'aws-cdk-lib/aws-ecs';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

export interface WorkerClusterProps {
  readonly vpc: IVpc;
  readonly logRetention: RetentionDays;
}

/** The ECS cluster of all workers, which costs nothing by itself, and the one log group that they write to. */
export class WorkerCluster extends Construct {
  readonly cluster: Cluster;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { vpc, logRetention }: WorkerClusterProps) {
    super(scope, id);
    this.cluster = new Cluster(this, 'Cluster', { vpc });
    // On the cluster itself, not as an association of its own: that one is deleted and made again on changes, and
    // refused while tasks run.
    const resource = this.cluster.node.defaultChild as CfnCluster;
    resource.capacityProviders = ['FARGATE', 'FARGATE_SPOT'];
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
