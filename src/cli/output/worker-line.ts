import { paintState, type Paint } from './paint.ts';

interface WorkerEntry {
  readonly level?: number;
  readonly msg?: string;
  readonly taskId?: string;
  readonly stream?: string;
  readonly queue?: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly err?: { readonly message?: string };
}

const WARN = 40; // pino's levels

/** A JSON line of a worker's log → a line for a person; undefined for what a person need not see. */
export function toWorkerLine(line: string, paint: Paint): string | undefined {
  let entry: WorkerEntry;
  try {
    entry = JSON.parse(line) as WorkerEntry;
  } catch {
    return line;
  }
  const { msg = '', taskId, stream } = entry;
  const about = taskId === undefined ? '' : paint('gray', ` ${taskId}`);
  if (stream !== undefined) return `  ${paint('gray', `${taskId} |`)} ${msg}`;
  if ((entry.level ?? 0) >= WARN) {
    return paint('yellow', `  ! ${msg}${entry.err?.message ? `: ${entry.err.message}` : ''}`) + about;
  }
  const end = /^task (SUCCEEDED|FAILED|CANCELLED)/.exec(msg);
  if (end?.[1]) {
    const why = entry.reason
      ? ` (${entry.reason}${entry.exitCode !== undefined ? ` ${entry.exitCode}` : ''})`
      : '';
    return `  ${paintState(paint, end[1])}${about}${why}`;
  }
  return msg.startsWith('task is PENDING again') ? `  ${paint('yellow', 'again soon')}${about}` : undefined;
}
