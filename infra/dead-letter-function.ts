import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BATCH_ENTRIES, DEAD_LETTER_TIMEOUT_SECONDS } from '../src/core/limits.ts';
import { BundledFunction } from './bundled-function.ts';
import { grantSend } from './queue-access.ts';
import { BATCH_ROWS, grantRows, queueRows, TASK_ROWS, WORKFLOW_ROWS } from './table-access.ts';
import type { TaskQueue } from './task-queue.ts';

export interface DeadLetterFunctionProps {
  readonly table: TableV2;
  readonly queues: readonly TaskQueue[];
  /** What every function is told. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
}

/** Judges the messages that SQS gave up on by the rows of their tasks. */
export class DeadLetterFunction extends BundledFunction {
  constructor(scope: Construct, id: string, props: DeadLetterFunctionProps) {
    const { table, queues, environment, logRetention } = props;
    super(scope, id, {
      name: 'dead-letter',
      description: 'judges dead letters',
      memoryMiB: 512,
      timeoutSeconds: DEAD_LETTER_TIMEOUT_SECONDS,
      environment,
      logRetention,
    });
    grantRows(this.role, table, {
      [TASK_ROWS]: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
      [BATCH_ROWS]: ['GetItem'], // the program of a task that was never claimed
      [WORKFLOW_ROWS]: ['GetItem', 'UpdateItem'], // what comes after an end
      [queueRows()]: ['GetItem', 'UpdateItem'], // ledgers
    });
    for (const { queue, dead } of queues) {
      grantSend(this.role, queue);
      this.function.addEventSource(
        new SqsEventSource(dead, {
          batchSize: BATCH_ENTRIES,
          reportBatchItemFailures: true, // the message of a live lease stays, its neighbours go
          maxConcurrency: 2, // the least there is: dead letters are few, and their function is not to starve the API
        }),
      );
    }
  }
}
