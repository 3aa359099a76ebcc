import { setTimeout as sleep } from 'node:timers/promises';
import { judgeDeadLetter } from '../core/dead-letter.ts';
import { sendUnsentChunks } from '../core/enqueue-batch.ts';
import { foldLedgers } from '../core/fold-ledgers.ts';
import { MINUTE_SWEEP_MS } from '../core/limits.ts';
import type { Ports } from '../core/ports.ts';
import type { QueueDefinition } from '../core/queue-definition.ts';
import { renewWaiting } from '../core/renew-waiting.ts';
import type { Settler } from '../core/settle.ts';
import type { TimerStore } from '../core/timer.ts';
import { fireDue } from './fire-due.ts';

const DEAD_LETTER_MS = 5000;
const MINUTE_MS = 60_000;
const TIMERS_MS = 500;
const STAY_SECONDS = 30;

/**
 * What functions and EventBridge Scheduler do in AWS: judges dead letters, sends chunks whose loader died, folds
 * ledgers, renews old messages, and sends what schedules and long delays have made due.
 */
export function startUpkeep(
  ports: Ports,
  settlerOf: (definition: QueueDefinition) => Settler,
  timers: TimerStore,
): { close(): Promise<void> } {
  const stop = new AbortController();
  const failed = (what: string, error: unknown): void => {
    if (!stop.signal.aborted) ports.log.warn({ err: error }, `${what} failed; trying again`);
  };
  const every = async (ms: number, what: string, work: () => Promise<unknown>) => {
    while (!stop.signal.aborted) {
      await work().catch((error: unknown) => failed(what, error));
      await sleep(ms, undefined, { signal: stop.signal }).catch(() => {});
    }
  };
  const everyQueue = (ms: number, what: string, work: (definition: QueueDefinition) => Promise<void>) =>
    every(ms, what, async () => {
      for (const definition of await ports.catalog.list()) {
        // One queue's trouble, such as being removed just now, is not the others'.
        await work(definition).catch((error: unknown) => failed(`${what} of ${definition.name}`, error));
      }
    });
  const loops = [
    everyQueue(DEAD_LETTER_MS, 'judging dead letters', async (definition) => {
      const dead = ports.messages.dead(definition.name);
      const ending = { ports, settler: settlerOf(definition), definition };
      for (const message of await dead.receive(10, 0, stop.signal)) {
        const verdict = await judgeDeadLetter(ending, message);
        if (verdict === 'delete') await dead.delete([message.receipt]);
        else await dead.setVisibility([{ receipt: message.receipt, seconds: STAY_SECONDS }]);
      }
    }),
    everyQueue(MINUTE_MS, 'the minute run', async (definition) => {
      const sent = await sendUnsentChunks(ports, definition.name);
      if (sent > 0) {
        ports.log.warn({ queue: definition.name, chunks: sent }, 'sent chunks that their loader had not');
      }
      await foldLedgers(ports, definition.name);
      await renewWaiting({ ports, definition }, ports.clock() + MINUTE_SWEEP_MS);
    }),
    every(TIMERS_MS, 'sending what is due', () => fireDue(ports, timers)),
  ];
  return {
    async close() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}
