import type { GetQueueUrlCommandOutput } from '@aws-sdk/client-sqs';
import type { CallLedger } from './call-ledger.ts';
import type { JsonService } from './json-service.ts';

/** SQS and DynamoDB, for all that is asked of them while tasks are enqueued, run and read. */
export interface AwsServices {
  /** SQS. */
  readonly json: JsonService;
  readonly dynamodbJson: JsonService;
  /** Of both. */
  readonly calls: CallLedger;
  close(): void;
}

/** Asks SQS for the address of a queue. */
export async function findQueueUrl(sqs: JsonService, name: string): Promise<string> {
  const { QueueUrl } = await sqs.call<GetQueueUrlCommandOutput>('GetQueueUrl', { QueueName: name });
  if (QueueUrl === undefined) throw new Error(`SQS has no queue ${name}`);
  return QueueUrl;
}
