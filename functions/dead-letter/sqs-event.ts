import * as z from 'zod';
import { VERSION_ATTRIBUTE } from '../../src/aws/sqs-message-queue.ts';
import type { ReceivedMessage } from '../../src/core/ports.ts';

/** What Lambda's SQS event source hands over; of each record, what is used. */
export const sqsEventSchema = z.object({
  Records: z.array(
    z.object({
      messageId: z.string(),
      receiptHandle: z.string(),
      body: z.string(),
      attributes: z.object({ SentTimestamp: z.string(), MessageGroupId: z.string().optional() }),
      messageAttributes: z.record(z.string(), z.object({ stringValue: z.string().optional() })).default({}),
      eventSourceARN: z.string(),
    }),
  ),
});
export type SqsRecord = z.infer<typeof sqsEventSchema>['Records'][number];

export function toReceivedMessage(record: SqsRecord): ReceivedMessage {
  const { messageId, receiptHandle, body, attributes, messageAttributes } = record;
  return {
    messageId,
    receipt: receiptHandle,
    body,
    version: messageAttributes[VERSION_ATTRIBUTE]?.stringValue,
    sentAt: Number(attributes.SentTimestamp),
    tenant: attributes.MessageGroupId,
  };
}

/** `arn:aws:sqs:REGION:ACCOUNT:NAME` → `NAME` */
export function toQueueName(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
