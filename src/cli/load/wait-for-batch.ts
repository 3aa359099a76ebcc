import { setTimeout as delay } from 'node:timers/promises';
import type { BatchProgress } from '../../core/progress.ts';
import type { Session } from '../open-session.ts';
import { countText } from '../../core/amounts.ts';
import type { Meter } from '../output/meter.ts';
import { openTasks } from '../output/progress-text.ts';

const FIRST_LOOK_MS = 100;
const LOOK_EVERY_MS = 2000;

/** Waits until every task of the batch has ended, and shows how many have. */
export async function waitForBatch(session: Session, id: string, meter: Meter): Promise<BatchProgress> {
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(LOOK_EVERY_MS, lookMs * 1.5)) {
    const batch = await session.client.readBatch(id);
    const { total, running, succeeded, failed, cancelled } = batch;
    const counts = { running, succeeded, failed, cancelled };
    const details = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${countText(count)} ${name}`);
    meter.show(total - openTasks(batch), total, details.join(', ') || 'waiting');
    if (openTasks(batch) <= 0) return batch;
    await delay(lookMs, undefined, { signal: session.signal });
  }
}
