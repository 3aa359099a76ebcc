import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import { grantCount, grantSend } from './queue-access.ts';
import type { Schedules } from './schedules.ts';
import { grantAllRows, grantIndex } from './table-access.ts';
import type { TaskQueue } from './task-queue.ts';

export interface ApiFunctionProps {
  readonly table: TableV2;
  readonly queues: readonly TaskQueue[];
  readonly launcher: IFunction;
  readonly schedules: Schedules;
  /** What every function is told. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  readonly concurrency: number | undefined;
}

/** The function behind the HTTP API: it enqueues, schedules, reads and cancels; it takes no message from a queue, ever. */
export class ApiFunction extends BundledFunction {
  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    const { table, queues, launcher, schedules } = props;
    super(scope, id, {
      name: 'api',
      description: 'the HTTP API',
      memoryMiB: 1024, // a fair share of a CPU: half the memory doubles the time of a chunk of 1,000 tasks
      timeoutSeconds: 29, // API Gateway gives up after 30
      environment: {
        ...props.environment,
        MILLRACE_LAUNCHER_FUNCTION: launcher.functionName,
        MILLRACE_SCHEDULER: schedules.toJson(),
      },
      logRetention: props.logRetention,
      reservedConcurrency: props.concurrency,
    });
    const { role } = this;
    grantAllRows(role, table, ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem']);
    grantIndex(role, table, 'byTime');
    grantIndex(role, table, 'open');
    for (const { queue, dead } of queues) {
      grantSend(role, queue);
      grantCount(role, queue);
      grantCount(role, dead); // how they are set up, and whether anything lies in them: the doctor asks
    }
    schedules.grantSchedule(role);
    // CDK's own grant goes for every version and alias too.
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [launcher.functionArn] }),
    );
  }
}
