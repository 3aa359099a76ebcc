import { QUEUE, type Arena } from './arena.ts';
import type { Book } from './book.ts';
import type { Plan } from './plan.ts';

const EVERY_MS = 1000;

/** A line on the terminal that says how far it has come. @returns ends that */
export function watchProgress(arena: Arena, book: Book, plan: Plan, isLive: boolean): () => void {
  if (!isLive) return () => {};
  const startedAt = performance.now();
  const planned = plan.byTag.size + plan.messages.filter(({ task }) => !task).length;
  let isAsking = false;
  const show = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      const { succeeded, failed, cancelled, running } = await arena.client.queue(QUEUE);
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const done = succeeded + failed + cancelled;
      const blows = [...book.tally].filter(([kind]) => /killed$|told to stop/.test(kind));
      const harm = blows.map(([kind, times]) => `${times} × ${kind}`).join(', ');
      write(`${seconds} s | ${done} of ${planned} ended, ${running} running | ${harm}`);
    } catch {
      // The run is over, or tells of it itself.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(() => void show(), EVERY_MS);
  return () => {
    clearInterval(timer);
    write('');
  };
}

function write(text: string): void {
  const columns = process.stderr.columns ?? 110;
  process.stderr.write(`\r\u001b[K${text.slice(0, columns - 1)}`);
}
