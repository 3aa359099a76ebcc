import { CfnOutput } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { toPascalCase } from './pascal-case.ts';
import type { TaskQueue } from './task-queue.ts';

export interface StackOutputs {
  readonly apiUrl: string;
  readonly tableName: string;
  readonly clusterName: string;
  readonly launcherFunction: string;
  readonly workerLogGroup: string;
  readonly undeliveredQueueUrl: string;
  /** The definitions, as functions are told of them. */
  readonly queuesJson: string;
  readonly queues: readonly TaskQueue[];
}

/** What the `millrace` command finds a deployed stack by: the names are its contract, so they bear no hash. */
export function addOutputs(scope: Construct, outputs: StackOutputs): void {
  const add = (name: string, value: string) =>
    new CfnOutput(scope, `Output${name}`, { value }).overrideLogicalId(name);
  add('ApiUrl', outputs.apiUrl);
  add('TableName', outputs.tableName);
  add('ClusterName', outputs.clusterName);
  add('LauncherFunction', outputs.launcherFunction);
  add('WorkerLogGroup', outputs.workerLogGroup);
  add('UndeliveredQueueUrl', outputs.undeliveredQueueUrl);
  add('Queues', outputs.queuesJson);
  for (const { name, queue, dead } of outputs.queues) {
    add(`QueueUrl${toPascalCase(name)}`, queue.queueUrl);
    add(`DeadLetterQueueUrl${toPascalCase(name)}`, dead.queueUrl);
  }
}
