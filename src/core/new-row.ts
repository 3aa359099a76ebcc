import { MAX_PROGRAM_PREVIEW_BYTES, ROW_RETENTION_MS } from './limits.ts';
import type { QueueDefinition } from './queue-definition.ts';
import type { Program, TaskRow } from './task-row.ts';
import { byteLength, programOf, type TaskSpec } from './task-spec.ts';

/** What identifies a task and never changes. */
export type RowBirth = Pick<TaskRow, 'queue' | 'hash' | 'createdAt' | 'maxAttempts'> &
  Partial<Pick<TaskRow, 'program' | 'programCut'>>;

/** The fields that a row is born with, whichever write makes it. */
export function rowBirth(
  definition: QueueDefinition,
  task: { hash: string; at: number; spec?: TaskSpec },
): RowBirth {
  return {
    queue: definition.name,
    hash: task.hash,
    createdAt: task.at,
    maxAttempts: task.spec?.maxAttempts ?? definition.maxAttempts,
    ...previewProgram(
      (task.spec && programOf(task.spec)) ?? (definition.program && { argv: definition.program }),
    ),
  };
}

/** A program as the state item holds it: whole when short, else its beginning. */
export function previewProgram(
  program: Program | undefined,
): Partial<Pick<TaskRow, 'program' | 'programCut'>> {
  if (!program) return {};
  if (byteLength(JSON.stringify(program)) <= MAX_PROGRAM_PREVIEW_BYTES) return { program };
  if ('command' in program) return { program: { command: cut(program.command) }, programCut: true };
  if ('handler' in program) return { program: { handler: program.handler }, programCut: true };
  const argv: string[] = [];
  let left = MAX_PROGRAM_PREVIEW_BYTES - 20;
  for (const argument of program.argv) {
    left -= byteLength(argument) + 3;
    if (left < 0) break;
    argv.push(argument);
  }
  return {
    program: { argv: argv.length > 0 ? [...argv, '…'] : [cut(program.argv[0] ?? '')] },
    programCut: true,
  };
}

function cut(text: string): string {
  let kept = text.slice(0, MAX_PROGRAM_PREVIEW_BYTES - 20);
  while (byteLength(kept) > MAX_PROGRAM_PREVIEW_BYTES - 20) kept = kept.slice(0, kept.length - 16);
  return `${kept}…`;
}

/** When what is written about a task that ended now may be forgotten, in seconds (DynamoDB TTL). */
export function expiryAfter(now: number, retentionMs = ROW_RETENTION_MS): number {
  return Math.ceil((now + retentionMs) / 1000);
}
