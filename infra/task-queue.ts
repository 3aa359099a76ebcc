import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { QueueDefinition } from '../src/core/queue-definition.ts';
import { queueSettings } from '../src/core/table-definition.ts';

const MAX_SQS_NAME_CHARS = 80;

export interface TaskQueueProps {
  readonly definition: Pick<QueueDefinition, 'name' | 'leaseSeconds'>;
  /** Of the names in SQS. */
  readonly prefix: string;
}

/** The SQS queue of a queue and its dead-letter queue, from the same settings that local mode makes its own of. */
export class TaskQueue extends Construct {
  readonly name: string;
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { definition, prefix }: TaskQueueProps) {
    super(scope, id);
    this.name = definition.name;
    const settings = queueSettings(definition, prefix);
    assertName(settings.deadName, prefix);
    const common = {
      // Costs nothing, and needs no key that each sender would have to be granted.
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      receiveMessageWaitTime: Duration.seconds(settings.receiveWaitSeconds),
    };
    this.dead = new Queue(this, 'DeadLetters', {
      ...common,
      queueName: settings.deadName,
      visibilityTimeout: Duration.seconds(settings.deadVisibilitySeconds),
      retentionPeriod: Duration.seconds(settings.deadRetentionSeconds),
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: settings.name,
      visibilityTimeout: Duration.seconds(settings.visibilitySeconds),
      retentionPeriod: Duration.seconds(settings.retentionSeconds),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: settings.maxReceiveCount },
    });
  }
}

function assertName(longest: string, prefix: string): void {
  if (longest.length <= MAX_SQS_NAME_CHARS) return;
  throw new Error(
    `SQS names have at most ${MAX_SQS_NAME_CHARS} characters, got ${longest.length} in ${longest}: ` +
      `shorten the queue's name or the prefix ${prefix} (the stack's name)`,
  );
}
