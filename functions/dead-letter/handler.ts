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

/**
 * Judges messages of dead-letter queues, one by one: what must stay, or could not be judged, is named a failure.
 * Throws when none could be judged: they stay as well then, and the function's errors, and their alarm, tell of them.
 */
export function makeDeadLetterHandler(deps: DeadLetterDeps): (event: unknown) => Promise<BatchResponse> {
  const { ports, settlerOf } = deps;
  const judge = async (record: SqsRecord): Promise<'deleted' | 'kept' | Error> => {
    try {
      const definition = await definitionOf(deps, record.eventSourceARN);
      const ending = { ports, settler: settlerOf(definition), definition };
      return (await judgeDeadLetter(ending, toReceivedMessage(record))) === 'delete' ? 'deleted' : 'kept';
    } catch (error) {
      ports.log.error(
        { err: error, messageId: record.messageId },
        'a dead letter could not be judged; it stays',
      );
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  return async (event) => {
    const batchItemFailures: { itemIdentifier: string }[] = [];
    const errors: Error[] = [];
    const { Records: records } = sqsEventSchema.parse(event);
    for (const record of records) {
      const judged = await judge(record);
      if (judged instanceof Error) errors.push(judged);
      if (judged !== 'deleted') batchItemFailures.push({ itemIdentifier: record.messageId });
    }
    if (errors.length > 0 && errors.length === records.length)
      throw new AggregateError(errors, `none of ${records.length} dead letters could be judged`);
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
