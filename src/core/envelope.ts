import * as z from 'zod';
import { MillraceError } from './errors.ts';
import { MAX_DELAY_SECONDS } from './limits.ts';
import type { Digest, ReceivedMessage } from './ports.ts';
import { canonicalContent, parseTaskSpec, taskSpecSchema, type TaskSpec } from './task-spec.ts';

/** The version of rows, and of most envelopes, that this code writes; it hands back what is newer. */
export const PROTOCOL_VERSION = 1;
/**
 * Of envelopes that version 1 cannot read: those of a schedule, and tasks delayed longer than SQS delays them. A
 * worker that is older than these hands them back.
 */
const SCHEDULED_VERSION = 2;
/** The newest that this code understands: what a worker says of itself where another may be newer. */
export const NEWEST_VERSION = SCHEDULED_VERSION;

/** Either what the API took, or the body of a raw message, word for word. */
export type Content = TaskContent | { readonly body: string };

/** `refused`: why a step of a workflow could not be fed, and cannot be run as it is. */
export interface TaskContent {
  readonly task: TaskSpec;
  readonly refused?: string | undefined;
}

/** What a message of ours carries, so that its task's row can be made from it. Times in ms. */
export interface Envelope {
  readonly id: string;
  readonly at: number;
  readonly hash: string;
  /** Absent: too long for a message; it is kept beside the row, see src/core/task-content.ts. */
  readonly content?: Content | undefined;
  readonly notBefore?: number | undefined;
  readonly redriveOf?: number | undefined;
  readonly redrivenAt?: number | undefined;
}

/** The latest time that a Date can be: a later one could be stored, and its row never shown. */
const time = z.number().nonnegative().max(8_640_000_000_000_000);

const envelopeSchema = z.strictObject({
  id: z.string().min(1).max(200),
  at: time.int(),
  hash: z.string().min(1).max(128),
  content: z
    .union([
      z.strictObject({ task: taskSpecSchema, refused: z.string().optional() }),
      z.strictObject({ body: z.string() }),
    ])
    .optional(),
  notBefore: time.optional(),
  redriveOf: z.int().nonnegative().optional(),
  redrivenAt: time.optional(),
});

/**
 * What a scheduler sends each time a schedule fires. The scheduler fills in the time it was to fire at, and may send
 * the same again; the id of the task is made of the two, so that it is the same task then.
 */
const firingSchema = z.strictObject({
  schedule: z.string().min(1).max(100),
  at: z.iso.datetime({ offset: true }),
  hash: z.string().min(1).max(128),
  content: z.strictObject({ task: taskSpecSchema }),
});

interface Known extends Omit<Envelope, 'content'> {
  /** What must be kept of the message, should it fail. */
  readonly content: Content;
}
export interface TaskMessage extends Known {
  readonly kind: 'task';
  readonly spec: TaskSpec;
}
/** A message that cannot be understood: it becomes a FAILED task, its body kept. */
export interface InvalidMessage extends Known {
  readonly kind: 'invalid';
  readonly detail: string;
  /** Where so much of it could be understood. */
  readonly spec?: TaskSpec;
}
export type ParsedMessage =
  | TaskMessage
  | InvalidMessage
  | { readonly kind: 'newer'; readonly version: string }
  /** The content lies in the payload of this task. */
  | { readonly kind: 'stored'; readonly envelope: Envelope };
/** The same, its content at hand: see src/core/load-message.ts. */
export type LoadedMessage = Exclude<ParsedMessage, { kind: 'stored' }>;

/**
 * A message as received → what it asks for. Never throws: what cannot be understood is `invalid`.
 * @param hasProgram whether a program of the queue or of the worker takes raw bodies on its STDIN
 */
export function parseMessage(
  message: Pick<ReceivedMessage, 'body' | 'messageId' | 'version' | 'sentAt'>,
  queue: { name: string; hasProgram: boolean },
  digest: Digest,
): ParsedMessage {
  const { version } = message;
  if (version === undefined) {
    const envelope = {
      id: message.messageId,
      at: message.sentAt,
      hash: digest(canonicalContent(queue.name, message.body)),
    };
    return parseContent(envelope, { body: message.body }, queue.hasProgram);
  }
  if (/^[0-9]{1,6}$/.test(version) && Number(version) > NEWEST_VERSION) {
    return { kind: 'newer', version };
  }
  const isKnown = version === String(PROTOCOL_VERSION) || version === String(SCHEDULED_VERSION);
  const envelope = parseEnvelope(message.body);
  if (typeof envelope === 'string' || !isKnown) {
    return {
      kind: 'invalid',
      id: message.messageId,
      at: message.sentAt,
      hash: digest(canonicalContent(queue.name, message.body)),
      content: { body: message.body },
      detail:
        typeof envelope === 'string'
          ? `the message says that it is an envelope of Millrace, but ${envelope}`
          : `expected version ${PROTOCOL_VERSION} or ${SCHEDULED_VERSION} of the envelope, got ${JSON.stringify(version)}`,
    };
  }
  const { content, ...rest } = envelope;
  if (content === undefined) return { kind: 'stored', envelope };
  return parseContent(rest, content, queue.hasProgram);
}

/** An envelope and its content → what the message asks for. */
export function parseContent(
  envelope: Omit<Envelope, 'content'>,
  content: Content,
  hasProgram: boolean,
): TaskMessage | InvalidMessage {
  if ('task' in content) {
    const { task: spec, refused } = content;
    if (refused !== undefined) return { ...envelope, kind: 'invalid', content, spec, detail: refused };
    return { ...envelope, kind: 'task', content, spec };
  }
  try {
    const spec = parseRawBody(content.body, hasProgram);
    const notBefore =
      envelope.notBefore ?? (spec.delaySeconds ? envelope.at + spec.delaySeconds * 1000 : undefined);
    return { ...envelope, notBefore, kind: 'task', content, spec };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { ...envelope, kind: 'invalid', content, detail: error.message };
  }
}

function parseRawBody(body: string, hasProgram: boolean): TaskSpec {
  if (hasProgram) return { input: body };
  if (!body.startsWith('{"')) return parseTaskSpec({ command: body }, false);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new MillraceError(
      'invalid_json',
      `The body starts with {" but is not JSON: ${(error as Error).message}.`,
      {
        hint: 'Send valid JSON, or a command that does not start with {".',
      },
    );
  }
  return parseTaskSpec(value, false);
}

function parseEnvelope(body: string): Envelope | string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return 'its body is not JSON';
  }
  const parsed = envelopeSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const firing = firingSchema.safeParse(value);
  if (!firing.success) return 'its body is not the envelope of a task';
  const { schedule, at: time, hash, content } = firing.data;
  const at = Date.parse(time);
  return { id: firingId(schedule, at), at, hash, content };
}

/** The id of the task that a schedule makes at this time (ms). @param schedule its key, see src/core/schedule.ts */
export function firingId(schedule: string, at: number): string {
  return `${schedule}-${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}`;
}

/** The version that goes with a message of this envelope. */
export function versionOf({ content }: Pick<Envelope, 'content'>): string {
  const isLong = content && 'task' in content && (content.task.delaySeconds ?? 0) > MAX_DELAY_SECONDS;
  return String(isLong ? SCHEDULED_VERSION : PROTOCOL_VERSION);
}

/** The body and the version of what a schedule sends. @param at ISO 8601 */
export function toFiring(
  schedule: { readonly key: string; readonly hash: string; readonly task: TaskSpec },
  at: string,
): { body: string; version: string } {
  const { key, hash, task } = schedule;
  return {
    body: JSON.stringify({ schedule: key, at, hash, content: { task } }),
    version: String(SCHEDULED_VERSION),
  };
}

/** The body of a message of ours; its version goes beside it, as an attribute. */
export function toMessageBody(envelope: Envelope): string {
  return JSON.stringify(envelope);
}
