import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** Sending, and what it takes to find the queue. CDK's own grants allow more than each of these. */
export function grantSend(grantee: IGrantable, queue: IQueue): void {
  queue.grant(grantee, 'sqs:SendMessage', 'sqs:GetQueueUrl');
}

/** Asking how many messages there are. */
export function grantCount(grantee: IGrantable, queue: IQueue): void {
  queue.grant(grantee, 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes');
}

/** Receiving, keeping, deleting, and sending a fresh copy of a message that grows old. */
export function grantWork(grantee: IGrantable, queue: IQueue): void {
  queue.grant(
    grantee,
    'sqs:ReceiveMessage',
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:SendMessage',
    'sqs:GetQueueUrl',
    'sqs:GetQueueAttributes',
  );
}
