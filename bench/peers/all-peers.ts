import type { Peer } from '../systems/peer.ts';
import { amqpConsume } from './amqp-consume/peer.ts';
import { asynq } from './asynq/peer.ts';
import { bullmq } from './bullmq/peer.ts';
import { celery } from './celery/peer.ts';
import { sqsConsumerBatch, sqsConsumers } from './sqs-consumer/peer.ts';

/** What is measured beside Millrace, in the order of the tables; by the names that `--peers` takes. */
export const PEERS: Readonly<Record<string, readonly Peer[]>> = {
  'sqs-consumer': [sqsConsumers, sqsConsumerBatch],
  'amqp-consume': [amqpConsume],
  asynq: [asynq],
  bullmq: [bullmq],
  celery: [celery],
};
