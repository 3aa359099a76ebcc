import { isTerminal } from '../../core/task-states.ts';
import type { TaskView } from '../../core/task-view.ts';
import { paintState, type Paint } from './paint.ts';
import { toOneLine, toVisible } from './safe-text.ts';
import { toTable } from './table.ts';

/** One task, a member a line; absent ones are left out. */
export function taskText(task: TaskView, paint: Paint): string {
  const end = [
    task.reason === 'exit' || task.reason === 'signal' ? undefined : task.reason,
    task.exitCode === undefined ? undefined : `exit code ${task.exitCode}`,
    task.signal,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
  // A task that runs again still tells how its last attempt ended.
  const how = end && (isTerminal(task.state) ? ` (${end})` : ` (last attempt: ${end})`);
  const members: [string, string | undefined][] = [
    ['task', task.id],
    ['state', paintState(paint, shownState(task)) + how],
    ['queue', task.queue],
    ['program', toOneLine(programText(task))],
    ['attempt', attemptText(task, ' of ')],
    ['created', task.createdAt],
    ['not before', task.notBefore],
    ['started', task.startedAt],
    ['ended', task.endedAt],
    ['worker', task.worker],
    ['batch', task.batch],
    ['workflow', task.workflow],
    ['progress', task.progress && `${task.progress.percent} % ${toOneLine(task.progress.message)}`],
    ['error', task.error && toOneLine(task.error)],
    ['result', task.result === undefined ? undefined : toVisible(JSON.stringify(task.result))],
    ['stdout', task.stdout && block(task.stdout)],
    ['stderr', task.stderr && block(task.stderr)],
    ['note', task.newerVersion ? 'written by a newer Millrace: what this one understands of it' : undefined],
  ];
  const shown = members.filter(([, value]) => value !== undefined && value !== '');
  return shown
    .map(([name, value]) =>
      value?.startsWith('\n')
        ? `${paint('gray', name)}${value}`
        : `${paint('gray', name.padEnd(10))} ${value}`,
    )
    .join('\n');
}

/** Tasks, one a line. @param width of the terminal; a pipe gets every column, and the whole programs */
export function tasksTable(tasks: readonly TaskView[], paint: Paint, width: number | undefined): string {
  return toTable(
    [
      { title: 'TASK' },
      { title: 'STATE', paint: (text) => paintState(paint, text) },
      { title: 'ATTEMPT', align: 'right', spare: 2 },
      { title: 'CREATED', spare: 1 },
      { title: 'REASON' },
      { title: 'PROGRAM', clipTo: 14 },
    ],
    tasks.map((task) => [
      task.id,
      shownState(task),
      attemptText(task, '/'),
      task.createdAt,
      reasonText(task),
      toOneLine(programText(task)),
    ]),
    paint,
    width,
  );
}

/** The number goes on counting after a redrive, which allows as many again: "4 of 3" would look like a mistake. */
function attemptText({ attempt, maxAttempts }: TaskView, of: string): string {
  return attempt > maxAttempts ? String(attempt) : `${attempt}${of}${maxAttempts}`;
}

function shownState(task: TaskView): string {
  return task.expired ? 'EXPIRED' : task.state;
}

function reasonText(task: TaskView): string {
  if (task.reason === 'exit' && task.exitCode !== undefined) return `exit ${task.exitCode}`;
  return task.reason ?? '';
}

function programText(task: TaskView): string {
  if (task.command !== undefined) return task.command;
  if (task.argv) return task.argv.map((argument) => JSON.stringify(argument)).join(' ');
  if (task.handler === undefined) return '(the queue’s own)';
  return `${task.handler}(${task.args === undefined ? '' : JSON.stringify(task.args)})`;
}

function block(text: string): string {
  return `\n${toVisible(text)
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}`;
}
