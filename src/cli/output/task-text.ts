import type { TaskView } from '../../core/task-view.ts';
import { paintState, type Paint } from './paint.ts';
import { clip, toOneLine, toVisible } from './safe-text.ts';
import { toTable } from './table.ts';

/** One task, a member a line; absent ones are left out. */
export function taskText(task: TaskView, paint: Paint): string {
  const failure = [
    task.reason,
    task.exitCode === undefined ? undefined : `exit code ${task.exitCode}`,
    task.signal,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
  const members: [string, string | undefined][] = [
    ['task', task.id],
    ['state', paintState(paint, shownState(task)) + (failure ? ` (${failure})` : '')],
    ['queue', task.queue],
    ['program', toOneLine(programText(task))],
    ['attempt', `${task.attempt} of ${task.maxAttempts}`],
    ['created', task.createdAt],
    ['not before', task.notBefore],
    ['started', task.startedAt],
    ['ended', task.endedAt],
    ['worker', task.worker],
    ['batch', task.batch],
    ['progress', task.progress && `${task.progress.percent} % ${toOneLine(task.progress.message)}`],
    ['error', task.error && toOneLine(task.error)],
    ['result', task.result === undefined ? undefined : toVisible(JSON.stringify(task.result))],
    ['stdout', task.stdout && block(task.stdout)],
    ['stderr', task.stderr && block(task.stderr)],
  ];
  const shown = members.filter(([, value]) => value !== undefined && value !== '');
  return shown.map(([name, value]) => `${paint('gray', name.padEnd(10))} ${value}`).join('\n');
}

/** Tasks, one a line. @param width of the terminal; a pipe gets the whole programs */
export function tasksTable(tasks: readonly TaskView[], paint: Paint, width: number | undefined): string {
  const idWidth = Math.max(4, ...tasks.map((task) => task.id.length));
  const room = width === undefined ? Infinity : Math.max(20, width - idWidth - 9 - 7 - 24 - 8 - 10);
  return toTable(
    [
      { title: 'TASK' },
      { title: 'STATE', paint: (text) => paintState(paint, text) },
      { title: 'ATTEMPT', align: 'right' },
      { title: 'CREATED' },
      { title: 'REASON' },
      { title: 'PROGRAM' },
    ],
    tasks.map((task) => [
      task.id,
      shownState(task),
      `${task.attempt}/${task.maxAttempts}`,
      task.createdAt,
      reasonText(task),
      clip(toOneLine(programText(task)), room),
    ]),
    paint,
  );
}

function shownState(task: TaskView): string {
  return task.expired ? 'EXPIRED' : task.state;
}

function reasonText(task: TaskView): string {
  if (task.reason === 'exit' && task.exitCode !== undefined) return `exit ${task.exitCode}`;
  return task.reason ?? '';
}

function programText(task: TaskView): string {
  return (
    task.command ?? task.argv?.map((argument) => JSON.stringify(argument)).join(' ') ?? '(the queue’s own)'
  );
}

function block(text: string): string {
  return `\n${toVisible(text)
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')}`;
}
