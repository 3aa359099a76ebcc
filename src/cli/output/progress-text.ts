import type { BatchProgress, QueueProgress } from '../../core/progress.ts';
import type { Colour, Paint } from './paint.ts';
import { toTable, type Column } from './table.ts';

const COUNTS = [
  'total',
  'pending',
  'delayed',
  'running',
  'expired',
  'succeeded',
  'failed',
  'cancelled',
] as const;

const COLOURS: Partial<Record<(typeof COUNTS)[number], Colour>> = {
  running: 'cyan',
  expired: 'yellow',
  succeeded: 'green',
  failed: 'red',
};

/** Queues, one a line. */
export function queuesTable(queues: readonly QueueProgress[], paint: Paint): string {
  const rows = queues.map((queue) => [
    queue.queue,
    ...COUNTS.map((name) => String(queue[name])),
    queue.paused ? 'paused' : '',
  ]);
  return toTable([{ title: 'QUEUE' }, ...countColumns(COUNTS, paint), { title: '' }], rows, paint);
}

export function batchTable(batch: BatchProgress, paint: Paint): string {
  const names = COUNTS.filter((name) => name in batch);
  const row = [batch.id, batch.queue, ...names.map((name) => String(batch[name as keyof BatchProgress]))];
  return toTable([{ title: 'BATCH' }, { title: 'QUEUE' }, ...countColumns(names, paint)], [row], paint);
}

/** Tasks that have not ended. */
export function openTasks(progress: QueueProgress | BatchProgress): number {
  return progress.total - progress.succeeded - progress.failed - progress.cancelled;
}

function countColumns(names: readonly (typeof COUNTS)[number][], paint: Paint): Column[] {
  return names.map((name) => {
    const colour = COLOURS[name];
    return {
      title: name.toUpperCase(),
      align: 'right' as const,
      ...(colour && { paint: (text: string) => (text.trim() === '0' ? text : paint(colour, text)) }),
    };
  });
}
