import { judgeDeadLetter } from '../../src/core/dead-letter.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { QueueDefinition } from '../../src/core/queue-definition.ts';
import type { Settler } from '../../src/core/settle.ts';
import { queueNames } from '../../src/core/table-definition.ts';
import { sqsEventSchema, toQueueName, toReceivedMessage, type SqsRecord } from './sqs-event.ts';

export interface DeadLetterDeps {
  readonly ports: Ports;
  readonly settlerOf: (definition: QueueDefinition) => Settler;
  /** Of the stack's names in SQS. */
  readonly prefix: string;
}

/** The messages that stay; Lambda deletes the others. */
export interface BatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Judges messages of dead-letter queues, one by one: what must stay, or could not be judged, is named a failure. */
export function makeDeadLetterHandler(deps: DeadLetterDeps): (event: unknown) => Promise<BatchResponse> {
  const { ports, settlerOf } = deps;
  const judge = async (record: SqsRecord): Promise<boolean> => {
    try {
      const definition = await definitionOf(deps, record.eventSourceARN);
      const ending = { ports, settler: settlerOf(definition), definition };
      return (await judgeDeadLetter(ending, toReceivedMessage(record))) === 'delete';
    } catch (error) {
      ports.log.error(
        { err: error, messageId: record.messageId },
        'a dead letter could not be judged; it stays',
      );
      return false;
    }
  };
  return async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const record of sqsEventSchema.parse(event).Records) {
      if (!(await judge(record))) batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    return { batchItemFailures };
  };
}

async function definitionOf({ ports, prefix }: DeadLetterDeps, arn: string): Promise<QueueDefinition> {
  const name = toQueueName(arn);
  const definitions = await ports.catalog.list();
  const found = definitions.find((definition) => queueNames(definition.name, prefix).deadName === name);
  if (!found) throw new Error(`expected the dead-letter queue of a queue of this stack, got ${name}`);
  return found;
}
