import { MAX_RECEIVE_COUNT, MESSAGE_RETENTION_SECONDS } from '../../src/core/limits.ts';
import type { MessageQueue, OutgoingMessage } from '../../src/core/ports.ts';

export interface MemoryMessage extends OutgoingMessage {
  readonly messageId: string;
  readonly sentAt: number;
  /** Of the latest receive; an older one is dead. */
  receipt?: string;
  visibleAt: number;
  receives: number;
}

export interface MemoryQueueSettings {
  readonly now: () => number;
  readonly newId: () => string;
  readonly visibilityMs: number;
  /** Where messages go that nobody deletes. */
  readonly dead?: MemoryMessage[];
}

/** One SQS queue in memory. A receive answers at once: time is the test's. */
export function makeMemoryQueue(messages: MemoryMessage[], settings: MemoryQueueSettings): MessageQueue {
  const { now, newId, visibilityMs, dead } = settings;
  const forgetOld = () =>
    removeWhere(messages, ({ sentAt }) => now() - sentAt > MESSAGE_RETENTION_SECONDS * 1000);
  const find = (receipt: string) => messages.find((message) => message.receipt === receipt);
  return {
    send: async (outgoing) => {
      for (const message of outgoing) {
        const visibleAt = now() + (message.delaySeconds ?? 0) * 1000;
        messages.push({ ...message, messageId: newId(), sentAt: now(), visibleAt, receives: 0 });
      }
    },
    receive: async (max, _waitSeconds, _signal, visibilitySeconds) => {
      forgetOld();
      const visible = messages.filter(({ visibleAt }) => visibleAt <= now());
      const overdue = visible.filter(({ receives }) => dead && receives >= MAX_RECEIVE_COUNT);
      removeWhere(messages, (message) => overdue.includes(message));
      dead?.push(...overdue);
      const taken = visible.filter((message) => !overdue.includes(message)).slice(0, Math.min(max, 10));
      return taken.map((message) => {
        const receipt = newId();
        const visibleAt = now() + (visibilitySeconds === undefined ? visibilityMs : visibilitySeconds * 1000);
        Object.assign(message, { receipt, visibleAt, receives: message.receives + 1 });
        const { messageId, body, version, sentAt, tenant } = message;
        return { messageId, receipt, body, version, sentAt, tenant };
      });
    },
    delete: async (receipts) => {
      removeWhere(messages, ({ receipt }) => receipt !== undefined && receipts.includes(receipt));
    },
    setVisibility: async (entries) => {
      for (const { receipt, seconds } of entries) {
        const message = find(receipt);
        if (message) message.visibleAt = now() + seconds * 1000;
      }
    },
    counts: async () => {
      forgetOld();
      const hidden = messages.filter(({ visibleAt }) => visibleAt > now());
      const delayed = hidden.filter(({ receives }) => receives === 0).length;
      return {
        visible: messages.length - hidden.length,
        delayed,
        inFlight: hidden.length - delayed,
      };
    },
  };
}

function removeWhere<T>(list: T[], matches: (entry: T) => boolean): void {
  const kept = list.filter((entry) => !matches(entry));
  list.splice(0, list.length, ...kept);
}
