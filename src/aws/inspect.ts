import type { GetQueueAttributesCommandOutput } from '@aws-sdk/client-sqs';
import type { Inspector, SqsQueue, Survey } from '../core/doctor/inspector.ts';
import type { TaskRow } from '../core/task-row.ts';
import { DEFAULT_QUEUE_PREFIX, queueNames } from '../core/table-definition.ts';
import { findQueueUrl, type AwsServices } from './aws-services.ts';
import { fromItem, getMany, queryAll, toItem, type Item, type Table } from './dynamo.ts';
import { ledgerKey, queueKey, retiredLedgerKey, taskKey } from './keys.ts';
import { toShownTaskRow } from './task-item.ts';

const SURVEY_KEYS = 100; // as many as one request takes
const BATCH_GETS_AT_ONCE = 8;

/** What the doctor reads of SQS and DynamoDB. Needs sqs:GetQueueAttributes on the dead-letter queues too. */
export function makeInspector(
  { json, dynamodbJson, calls }: AwsServices,
  tableName: string,
  queuePrefix = DEFAULT_QUEUE_PREFIX,
): Inspector {
  const table: Table = { json: dynamodbJson, calls, name: tableName };
  return {
    async describeQueue(queue, which) {
      const names = queueNames(queue, queuePrefix);
      const name = which === 'main' ? names.name : names.deadName;
      try {
        const { Attributes: attributes = {} } = await json.call<GetQueueAttributesCommandOutput>(
          'GetQueueAttributes',
          { QueueUrl: await findQueueUrl(json, name), AttributeNames: ['All'] },
        );
        return toSqsQueue(name, attributes);
      } catch (error) {
        if (error instanceof Error && /QueueDoesNotExist|NonExistentQueue/.test(error.name)) return undefined;
        throw error;
      }
    },

    async survey(ids) {
      const rows = new Map<string, TaskRow>();
      const newer: { id: string; version: number }[] = [];
      let next = 0;
      const lane = async () => {
        for (let at = next; at < ids.length; at = next) {
          next += SURVEY_KEYS;
          const keys = ids.slice(at, next).map((id) => toItem(taskKey(id)));
          for (const item of await getMany(table, keys, { isConsistent: false })) add(item, rows, newer);
        }
      };
      await Promise.all(Array.from({ length: BATCH_GETS_AT_ONCE }, lane));
      return { rows, newer };
    },

    async firstLedgerWrite(queue) {
      const items = await queryAll(table, {
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
        ExpressionAttributeValues: toItem({
          ':pk': queueKey(queue).pk,
          ':from': ledgerKey(queue, '').sk,
          ':to': retiredLedgerKey(queue, '~').sk,
        }),
        ProjectionExpression: 'lastWrite',
      });
      const times = items.flatMap((item) => {
        const { lastWrite } = fromItem(item);
        return typeof lastWrite === 'number' ? [lastWrite] : [];
      });
      return times.length === 0 ? undefined : times.reduce((one, other) => Math.min(one, other));
    },
  };
}

function add(item: Item, rows: Map<string, TaskRow>, newer: Survey['newer'][number][]): void {
  const { newerVersion, ...row } = toShownTaskRow(item);
  if (newerVersion === undefined) rows.set(row.id, row);
  else newer.push({ id: row.id, version: newerVersion });
}

function toSqsQueue(name: string, attributes: Readonly<Record<string, string>>): SqsQueue {
  const number = (attribute: string) => Number(attributes[attribute] ?? 0);
  const created = attributes['CreatedTimestamp'];
  const policy = attributes['RedrivePolicy'];
  const { deadLetterTargetArn, maxReceiveCount } = (policy ? JSON.parse(policy) : {}) as {
    deadLetterTargetArn?: string;
    maxReceiveCount?: number | string;
  };
  return {
    name,
    counts: {
      visible: number('ApproximateNumberOfMessages'),
      delayed: number('ApproximateNumberOfMessagesDelayed'),
      inFlight: number('ApproximateNumberOfMessagesNotVisible'),
    },
    visibilitySeconds: number('VisibilityTimeout'),
    retentionSeconds: number('MessageRetentionPeriod'),
    receiveWaitSeconds: number('ReceiveMessageWaitTimeSeconds'),
    ...(created !== undefined && { createdAt: Number(created) * 1000 }),
    ...(maxReceiveCount !== undefined && { maxReceiveCount: Number(maxReceiveCount) }),
    ...(deadLetterTargetArn !== undefined && { deadLetterQueue: deadLetterTargetArn.split(':').at(-1) }),
  };
}
