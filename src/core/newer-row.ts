import * as z from 'zod';
import { PROTOCOL_VERSION } from './envelope.ts';
import { MillraceError } from './errors.ts';
import type { TaskRow } from './task-row.ts';
import { FAILURE_REASONS, TASK_STATES } from './task-states.ts';

/** A row written by a newer version of Millrace: it is shown as far as it is understood, and never judged. */
export class NewerRowError extends MillraceError {
  constructor(id: string, version: number) {
    super('wrong_state', `Task ${id} was written by a newer version of Millrace.`, {
      expected: `a row of version ${PROTOCOL_VERSION} of the protocol, or older`,
      got: `version ${version}`,
      hint: 'Use that version, or finish its deployment: nothing is lost until then.',
    });
    this.name = 'NewerRowError';
  }
}

const MAX_TIME = 8_640_000_000_000_000; // that a Date can show
const text = z.string().optional().catch(undefined);
const number = z.number().optional().catch(undefined);
const time = z.number().min(0).max(MAX_TIME).optional().catch(undefined);

/** Each field as far as it is what this version knows by that name. */
const understood = z.object({
  queue: z.string().catch(''),
  state: z.enum(TASK_STATES).catch('PENDING'),
  hash: z.string().catch(''),
  createdAt: z.number().min(0).max(MAX_TIME).catch(0),
  maxAttempts: z.number().catch(0),
  attempt: z.number().catch(0),
  failures: z.number().catch(0),
  program: z
    .union([
      z.strictObject({ command: z.string() }),
      z.strictObject({ argv: z.array(z.string()) }),
      z.object({ handler: z.string() }),
    ])
    .optional()
    .catch(undefined),
  programCut: z.boolean().optional().catch(undefined),
  lease: time,
  notBefore: time,
  startedAt: time,
  endedAt: time,
  worker: text,
  reason: z.enum(FAILURE_REASONS).optional().catch(undefined),
  exitCode: number,
  signal: text,
  error: text,
  stdout: text,
  stderr: text,
  result: text.transform((json) => (json !== undefined && isJson(json) ? json : undefined)),
  progress: z.object({ percent: z.number(), message: z.string() }).optional().catch(undefined),
});

/**
 * What is understood of a row that a newer version has written, to be shown and nothing else. A state that this
 * version does not know reads as PENDING: as far as it can tell the task has not ended.
 */
export function toShownRow(id: string, version: number, fields: Readonly<Record<string, unknown>>): TaskRow {
  const known = Object.entries(understood.parse(fields)).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(known) as unknown as TaskRow), id, newerVersion: version };
}

function isJson(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}
