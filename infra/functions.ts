import { Aws } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ApiFunction } from './api-function.ts';
import { DeadLetterFunction } from './dead-letter-function.ts';
import { LauncherFunction } from './launcher-function.ts';
import type { Schedules } from './schedules.ts';
import type { TaskQueue } from './task-queue.ts';
import type { WorkerFleet } from './worker-fleet.ts';

export interface FunctionsProps {
  readonly table: TableV2;
  readonly queues: readonly TaskQueue[];
  /** The definitions of the queues, as functions are told of them. */
  readonly queuesJson: string;
  readonly prefix: string;
  readonly fleet: WorkerFleet;
  readonly schedules: Schedules;
  readonly apiConcurrency: number | undefined;
  readonly logRetention: RetentionDays;
}

/** The three functions, each with a role of its own. */
export class Functions extends Construct {
  readonly api: ApiFunction;
  readonly launcher: LauncherFunction;
  readonly deadLetter: DeadLetterFunction;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    const { table, queues, logRetention } = props;
    const environment = {
      MILLRACE_TABLE: table.tableName,
      MILLRACE_QUEUES: props.queuesJson,
      MILLRACE_QUEUE_PREFIX: props.prefix,
      MILLRACE_URL_SUFFIX: Aws.URL_SUFFIX, // of this partition's endpoints
    };
    const common = { table, queues, environment, logRetention };
    this.launcher = new LauncherFunction(this, 'Launcher', { ...common, fleet: props.fleet });
    this.deadLetter = new DeadLetterFunction(this, 'DeadLetter', common);
    this.api = new ApiFunction(this, 'Api', {
      ...common,
      launcher: this.launcher.function,
      schedules: props.schedules,
      concurrency: props.apiConcurrency,
    });
  }
}
