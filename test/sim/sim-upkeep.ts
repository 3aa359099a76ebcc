import { judgeDeadLetter } from '../../src/core/dead-letter.ts';
import { sendUnsentChunks } from '../../src/core/enqueue-batch.ts';
import { foldLedgers } from '../../src/core/fold-ledgers.ts';
import { renewWaiting } from '../../src/core/renew-waiting.ts';
import { keepRunning, sleep, type Host } from './host.ts';
import type { World } from './world.ts';

const DEAD_LETTER_MS = 5000;
const MINUTE_MS = 60_000;
const STAY_SECONDS = 30;
const SWEEP_MS = 20_000;

/** What functions do in AWS, in processes of their own: the loops of src/local/upkeep.ts in virtual time. */
export function startSimUpkeep(world: World): { stopMinutes(): void } {
  let isWanted = true;
  keepRunning(world, 'letters', (host) => every(DEAD_LETTER_MS, host, judgeOnce));
  const minute = keepRunning(
    world,
    'minute',
    (host) => every(MINUTE_MS, host, runMinute),
    () => isWanted,
  );
  return {
    stopMinutes() {
      isWanted = false;
      minute.host?.process.exit();
    },
  };
}

async function every(ms: number, host: Host, work: (host: Host) => Promise<void>): Promise<never> {
  for (;;) {
    await work(host).catch((error: unknown) =>
      host.ending.ports.log.warn({ err: error }, 'failed; tried again'),
    );
    await sleep(ms);
  }
}

async function judgeOnce({ ending }: Host): Promise<void> {
  const dead = ending.ports.messages.dead(ending.definition.name);
  for (const message of await dead.receive(10, 0)) {
    const verdict = await judgeDeadLetter(ending, message);
    if (verdict === 'delete') await dead.delete([message.receipt]);
    else await dead.setVisibility([{ receipt: message.receipt, seconds: STAY_SECONDS }]);
  }
}

export async function runMinute({ ending }: Host): Promise<void> {
  await foldLedgers(ending.ports, ending.definition.name);
  await sendUnsentChunks(ending.ports, ending.definition.name);
  await renewWaiting(ending, ending.ports.clock() + SWEEP_MS);
}
