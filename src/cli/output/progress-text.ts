import { stripVTControlCharacters } from 'node:util';
import type { BatchProgress, QueueProgress } from '../../core/progress.ts';
import type { Colour, Paint } from './paint.ts';
import { toTable, type Column } from './table.ts';

/** The numbers of a queue's progress, in the order in which they are shown. */
export const COUNTS = [
  'total',
  'pending',
  'delayed',
  'running',
  'expired',
  'succeeded',
  'failed',
  'cancelled',
] as const;

type Count = (typeof COUNTS)[number];

const COLOURS: Partial<Record<Count, Colour>> = {
  running: 'cyan',
  expired: 'yellow',
  succeeded: 'green',
  failed: 'red',
};

/** Left out in this order where there is no room, while they are 0. */
const SPARE: readonly Count[] = ['expired', 'delayed', 'cancelled'];

/** Queues, one a line. @param width of the terminal; a pipe gets every column */
export function queuesTable(queues: readonly QueueProgress[], paint: Paint, width?: number): string {
  const isAnyPaused = queues.some(({ paused }) => paused);
  const rows = queues.map((queue) => [
    queue.queue,
    ...COUNTS.map((name) => String(queue[name])),
    ...(isAnyPaused ? [queue.paused ? 'paused' : ''] : []),
  ]);
  const columns = [
    { title: 'QUEUE' },
    ...countColumns(COUNTS, queues, paint),
    ...(isAnyPaused ? [{ title: '' }] : []),
  ];
  return toTable(columns, rows, paint, width);
}

/** A batch: on one line where there is room for its id beside the numbers, else below a line with its id. */
export function batchTable(batch: BatchProgress, paint: Paint, width = Infinity): string {
  const names = COUNTS.filter((name) => name in batch);
  const counts = names.map((name) => String(batch[name as keyof BatchProgress]));
  const columns = countColumns(names, [], paint);
  const whole = toTable(
    [{ title: 'BATCH' }, { title: 'QUEUE' }, ...columns],
    [[batch.id, batch.queue, ...counts]],
    paint,
  );
  if (
    stripVTControlCharacters(whole)
      .split('\n')
      .every((line) => line.length <= width)
  )
    return whole;
  return `batch ${batch.id}, queue ${batch.queue}\n${toTable(columns, [counts], paint, width)}`;
}

/** Tasks that have not ended. */
export function openTasks(progress: QueueProgress | BatchProgress): number {
  return progress.total - progress.succeeded - progress.failed - progress.cancelled;
}

function countColumns(names: readonly Count[], queues: readonly QueueProgress[], paint: Paint): Column[] {
  return names.map((name) => {
    const colour = COLOURS[name];
    const isSpare = SPARE.includes(name) && queues.every((queue) => queue[name] === 0);
    return {
      title: name.toUpperCase(),
      align: 'right' as const,
      ...(colour && { paint: (text: string) => (text.trim() === '0' ? text : paint(colour, text)) }),
      ...(isSpare && { spare: SPARE.indexOf(name) }),
    };
  });
}
