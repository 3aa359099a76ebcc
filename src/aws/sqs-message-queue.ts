import {
  GetQueueAttributesCommand,
  type Message,
  type ReceiveMessageCommandInput,
  type ReceiveMessageCommandOutput,
  type SendMessageBatchCommandOutput,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH_ENTRIES, MAX_MESSAGE_BYTES, MAX_VISIBILITY_MS } from '../core/limits.ts';
import { MillraceError } from '../core/errors.ts';
import type { JsonService } from './json-service.ts';
import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../core/ports.ts';
import { byteLength } from '../core/task-spec.ts';

/** The message attribute that tells an envelope of ours from a raw message, and its version. */
export const VERSION_ATTRIBUTE = 'millrace';

const ANSWER_MS = 8000; // what a long poll is given beyond its wait
const SEND_TRIES = 5;
const SEND_PARALLEL = 8;
const ENTRY_OVERHEAD_BYTES = 64; // name and value of the attribute, counted by SQS with the body

export interface SqsClients {
  readonly client: SQSClient;
  /** Takes the requests that every task costs. */
  readonly json: JsonService;
}

/** A queue in SQS. @param url resolved at first use, then kept */
export function makeMessageQueue(clients: SqsClients, url: () => Promise<string>): MessageQueue {
  const { client, json } = clients;
  let known: Promise<string> | undefined;
  const queueUrl = (): Promise<string> => {
    known ??= url().catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };

  return {
    async send(messages) {
      const QueueUrl = await queueUrl();
      const groups = toGroups(messages);
      let next = 0;
      const lane = async (): Promise<void> => {
        for (let group = groups[next++]; group; group = groups[next++])
          await sendGroup(json, QueueUrl, group);
      };
      await Promise.all(Array.from({ length: Math.min(SEND_PARALLEL, groups.length) }, lane));
    },

    async receive(max, waitSeconds, signal, visibilitySeconds) {
      const input: ReceiveMessageCommandInput = {
        QueueUrl: await queueUrl(),
        MaxNumberOfMessages: Math.min(max, BATCH_ENTRIES),
        WaitTimeSeconds: waitSeconds,
        ...(visibilitySeconds !== undefined && { VisibilityTimeout: visibilitySeconds }),
        MessageAttributeNames: [VERSION_ATTRIBUTE],
        MessageSystemAttributeNames: ['SentTimestamp', 'MessageGroupId', 'ApproximateReceiveCount'],
      };
      const timeoutMs = waitSeconds * 1000 + ANSWER_MS;
      const { Messages: messages } = await json.call<ReceiveMessageCommandOutput>('ReceiveMessage', input, {
        signal,
        timeoutMs,
      });
      return (messages ?? []).map(toReceived);
    },

    async delete(receipts) {
      const QueueUrl = await queueUrl();
      for (let at = 0; at < receipts.length; at += BATCH_ENTRIES) {
        const Entries = receipts
          .slice(at, at + BATCH_ENTRIES)
          .map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        // One that fails is received again, found settled, and deleted then.
        await json.call('DeleteMessageBatch', { QueueUrl, Entries });
      }
    },

    async setVisibility(entries) {
      const QueueUrl = await queueUrl();
      for (let at = 0; at < entries.length; at += BATCH_ENTRIES) {
        const Entries = entries.slice(at, at + BATCH_ENTRIES).map(({ receipt, seconds }, index) => ({
          Id: String(index),
          ReceiptHandle: receipt,
          VisibilityTimeout: Math.min(Math.max(0, Math.ceil(seconds)), MAX_VISIBILITY_MS / 1000),
        }));
        await json.call('ChangeMessageVisibilityBatch', { QueueUrl, Entries });
      }
    },

    async counts() {
      const { Attributes: counts = {} } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl: await queueUrl(),
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesDelayed',
            'ApproximateNumberOfMessagesNotVisible',
          ],
        }),
      );
      return {
        visible: Number(counts.ApproximateNumberOfMessages ?? 0),
        delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
        inFlight: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
      };
    },
  };
}

/** Messages in calls of at most 10 entries and 1 MiB. */
export function toGroups(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const groups: OutgoingMessage[][] = [];
  let bytes = Infinity;
  for (const message of messages) {
    const size = byteLength(message.body) + ENTRY_OVERHEAD_BYTES;
    const group = groups.at(-1);
    if (!group || group.length === BATCH_ENTRIES || bytes + size > MAX_MESSAGE_BYTES) {
      groups.push([message]);
      bytes = size;
    } else {
      group.push(message);
      bytes += size;
    }
  }
  return groups;
}

async function sendGroup(
  json: JsonService,
  QueueUrl: string,
  group: readonly OutgoingMessage[],
): Promise<void> {
  let entries = group.map(toEntry);
  for (let attempt = 1; ; attempt += 1) {
    const answer = await json.call<SendMessageBatchCommandOutput>('SendMessageBatch', {
      QueueUrl,
      Entries: entries,
    });
    const failed = answer.Failed ?? [];
    if (failed.length === 0) return;
    if (attempt === SEND_TRIES || failed.every(({ SenderFault }) => SenderFault)) {
      throw new MillraceError('unavailable', `SQS did not take ${failed.length} messages.`, {
        got: `${failed[0]?.Code}: ${failed[0]?.Message}`,
        hint: 'Send the same again; what was taken is not doubled.',
      });
    }
    const missing = new Set(failed.map(({ Id }) => Id));
    entries = entries.filter(({ Id }) => missing.has(Id));
    await sleep(50 * 2 ** attempt);
  }
}

function toEntry(message: OutgoingMessage, index: number): SendMessageBatchRequestEntry {
  return {
    Id: String(index),
    MessageBody: message.body,
    ...(message.delaySeconds !== undefined && { DelaySeconds: message.delaySeconds }),
    ...(message.tenant !== undefined && { MessageGroupId: message.tenant }),
    ...(message.version !== undefined && {
      MessageAttributes: { [VERSION_ATTRIBUTE]: { DataType: 'String', StringValue: message.version } },
    }),
  };
}

function toReceived(message: Message): ReceivedMessage {
  return {
    messageId: message.MessageId ?? '',
    receipt: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    version: message.MessageAttributes?.[VERSION_ATTRIBUTE]?.StringValue,
    sentAt: Number(message.Attributes?.SentTimestamp ?? 0),
    tenant: message.Attributes?.MessageGroupId,
    receives: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
  };
}
