import type { OutgoingMessage } from '../../src/core/ports.ts';
import type { Suspect } from './watch.ts';

/** A message as SQS holds it. */
export interface Message {
  readonly out: OutgoingMessage;
  readonly messageId: string;
  /** What SQS says of it, ms. */
  sentAt: number;
  /** True ms. */
  visibleAt: number;
  /** Of the latest receive. */
  receipt: string;
  receives: number;
  holder: Suspect | undefined;
  /** Delivered again while it was in flight, or after its delete. */
  isDoubled: boolean;
}

/** What a receive asks for. */
export interface Poll {
  readonly max: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number | undefined;
}

/** The task that a message is of. */
export function taskOf({ out, messageId }: { out: OutgoingMessage; messageId: string }): string {
  return /^{"id":"([^"]+)"/.exec(out.version === undefined ? '' : out.body)?.[1] ?? messageId;
}
