import { amountOf } from '../../core/amounts.ts';
import { paintState, type Paint } from './paint.ts';
import { toVisible } from './safe-text.ts';

interface WorkerEntry {
  readonly level?: number;
  readonly msg?: string;
  readonly taskId?: string;
  readonly stream?: string;
  readonly worker?: string;
  readonly queue?: string;
  readonly slots?: number;
  readonly why?: string;
  readonly ran?: number;
  readonly handlers?: readonly string[];
  readonly tasks?: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly err?: { readonly message?: string };
}

const WARN = 40; // pino's levels
const MAX_NAMES = 20;

/**
 * A JSON line of a worker's log → a line for a person; undefined for what a person need not see.
 * @param isOwn the worker is all that is on this terminal: its start and its end are told too
 */
export function toWorkerLine(line: string, paint: Paint, isOwn = false): string | undefined {
  let entry: WorkerEntry;
  try {
    entry = JSON.parse(line) as WorkerEntry;
  } catch {
    return toVisible(line);
  }
  const { taskId, stream } = entry;
  const msg = toVisible(entry.msg ?? '');
  const about = taskId === undefined ? '' : paint('gray', ` ${taskId}`);
  if (stream !== undefined) return `  ${paint('gray', `${taskId} |`)} ${msg}`;
  if ((entry.level ?? 0) >= WARN) {
    return (
      paint('yellow', `  ! ${msg}${entry.err?.message ? `: ${toVisible(entry.err.message)}` : ''}`) + about
    );
  }
  const end = /^task (SUCCEEDED|FAILED|CANCELLED)/.exec(msg);
  if (end?.[1]) {
    const why = entry.reason
      ? ` (${entry.reason}${entry.exitCode !== undefined ? ` ${entry.exitCode}` : ''})`
      : '';
    return `  ${paintState(paint, end[1])}${about}${why}`;
  }
  if (entry.handlers) return handlersLine(entry.handlers, entry.tasks);
  if (msg.startsWith('task is PENDING again')) return `  ${paint('yellow', 'again soon')}${about}`;
  return isOwn && taskId === undefined ? ownLine(msg, entry) : undefined;
}

/** Whoever has added a file sees whether it is there: a call of a handler that is not would fail. */
function handlersLine(names: readonly string[], folder = ''): string {
  const shown = names.length > MAX_NAMES ? `${names.slice(0, MAX_NAMES).join(', ')}, …` : names.join(', ');
  return `  handlers  ${shown}  (${toVisible(folder)})`;
}

function ownLine(msg: string, { worker, queue, slots, why, ran }: WorkerEntry): string {
  if (slots !== undefined)
    return `Worker ${worker} runs tasks of ${queue}, ${slots} at a time. Ctrl-C stops it.`;
  if (ran !== undefined) return `Worker ended (${why}): ${amountOf(ran, 'attempt')} run.`;
  return `${msg.charAt(0).toUpperCase()}${msg.slice(1)}.`;
}
