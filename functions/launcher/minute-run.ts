import { sendUnsentChunks } from '../../src/core/enqueue-batch.ts';
import { foldLedgers } from '../../src/core/fold-ledgers.ts';
import { launchWorkers, type LaunchResult } from '../../src/core/launch.ts';
import { MINUTE_SWEEP_MS } from '../../src/core/limits.ts';
import type { Ports } from '../../src/core/ports.ts';
import { renewWaiting } from '../../src/core/renew-waiting.ts';
import type { WorkerLauncher } from '../../src/core/worker-launcher.ts';

export interface MinuteResult {
  readonly launched: readonly LaunchResult[];
  readonly chunksSent: number;
  readonly ledgersFolded: number;
  readonly messagesRenewed: number;
}

/**
 * The safety net: workers for raw messages and lost invocations, then chunks whose loader died, then ledgers of processes that
 * have ended, then messages that SQS would forget.
 * Workers come first, since a large load may take all the time that there is. A queue that fails does not keep the others from it.
 * @throws AggregateError after all of them, when any has failed
 */
export async function runEachMinute(ports: Ports, launcher: WorkerLauncher): Promise<MinuteResult> {
  const definitions = await ports.catalog.list();
  const errors: unknown[] = [];
  const launched: LaunchResult[] = [];
  let chunksSent = 0;
  let ledgersFolded = 0;
  let messagesRenewed = 0;
  const attempt = async (queue: string, what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      ports.log.error({ err: error, queue }, `${what} failed`);
      errors.push(error);
    }
  };
  for (const definition of definitions) {
    await attempt(definition.name, 'launching workers', async () => {
      const result = await launchWorkers(ports, launcher, definition);
      launched.push(result);
      const [failure] = result.failures;
      // An answer like another to whoever asked, but nobody asked: let the function's errors, and their alarm, tell.
      if (failure && result.started === 0) throw new Error(`no worker could be started: ${failure.reason}`);
    });
  }
  for (const { name } of definitions) {
    await attempt(name, 'sending unsent chunks', async () => {
      const chunks = await sendUnsentChunks(ports, name);
      if (chunks > 0) ports.log.warn({ queue: name, chunks }, 'sent chunks that their loader had not');
      chunksSent += chunks;
    });
  }
  for (const { name } of definitions) {
    await attempt(name, 'folding ledgers', async () => {
      ledgersFolded += await foldLedgers(ports, name);
    });
  }
  // At once, under one deadline: a large one must not keep the others from it.
  const until = ports.clock() + MINUTE_SWEEP_MS;
  await Promise.all(
    definitions.map((definition) =>
      attempt(definition.name, 'renewing old messages', async () => {
        const renewed = await renewWaiting({ ports, definition }, until);
        if (renewed > 0)
          ports.log.info({ queue: definition.name, renewed }, 'renewed messages that nobody received');
        messagesRenewed += renewed;
      }),
    ),
  );
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} parts of the minute run failed`);
  return { launched, chunksSent, ledgersFolded, messagesRenewed };
}
