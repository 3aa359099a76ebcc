import { uploadChunks } from '../../client/upload-chunks.ts';
import type { BatchProgress } from '../../core/progress.ts';
import type { Session } from '../open-session.ts';
import { amountOf, bytesText, countText } from '../../core/amounts.ts';
import type { Meter } from '../output/meter.ts';
import { toOneLine } from '../output/safe-text.ts';
import { readChunks } from './chunker.ts';
import type { LoadTally } from './load-tally.ts';
import type { LoadInput } from './open-input.ts';
import type { LoadPlan, LoadSettings } from './plan-load.ts';
import { RecordKeeper } from './record-keeper.ts';
import { sendChunk } from './send-chunk.ts';

/** What a load prints with --json: the batch, and what became of the lines of the input. */
export type LoadSummary = BatchProgress & Pick<LoadTally, 'accepted' | 'refused'> & { refusedMore?: number };

/** Loads the rest of the input; `tally` shows how far it came, also when this throws. */
export async function runLoad(
  session: Session,
  input: LoadInput,
  plan: LoadPlan,
  settings: LoadSettings,
  { tally, meter, clock }: { tally: LoadTally; meter: Meter; clock: () => number },
): Promise<void> {
  const keeper = await keepRecord(plan, tally, meter, clock);
  const stop = new AbortController();
  const signal = AbortSignal.any([session.signal, stop.signal]);
  const show = makeDetails(tally, input.file?.size, clock);
  try {
    await uploadChunks(readChunks(input.read(tally.next.offset, signal), tally.next), {
      upload: async (chunk) => ({
        next: chunk.next,
        outcome: await sendChunk(session.client, plan.batch, settings, chunk),
      }),
      onDone: ({ next, outcome }) => {
        tally.add(next, outcome);
        for (const { line, code, detail } of outcome.refused)
          meter.say(`line ${line}: ${code}: ${toOneLine(detail)}`);
        meter.show(...show());
        keeper?.note(toRecord(plan, tally));
      },
      stopInput: (reason) => stop.abort(reason),
    });
  } catch (error) {
    await keeper?.flush();
    throw error;
  }
  if (await input.hasChanged()) {
    // Said with --json too: what is on stdout cannot tell that lines are missing.
    session.context.stderr.write(
      'The file was changed while it was loaded: what was written or cut off meanwhile may be missing in the batch.\n',
    );
  }
  await keeper?.remove();
}

/** On the disk before the first chunk goes out. Where it cannot be kept, the load goes on without. */
async function keepRecord(plan: LoadPlan, tally: LoadTally, meter: Meter, clock: () => number) {
  if (!plan.record) return undefined;
  const keeper = new RecordKeeper(plan.record.path, clock);
  try {
    keeper.note(toRecord(plan, tally));
    await keeper.flush();
    return keeper;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    meter.say(`This load can only be resumed with --batch ${plan.batch}: ${reason}.`);
    return undefined;
  }
}

function toRecord({ batch, record }: LoadPlan, tally: LoadTally) {
  if (!record) throw new Error('a load without a record has nothing to note');
  const { next, accepted, refused, refusedMore } = tally;
  return { version: 1 as const, batch, of: record.of, next, accepted, refused: [...refused], refusedMore };
}

/** What the meter shows. Rates are those of this run: what an earlier one did took none of its time. */
function makeDetails(tally: LoadTally, size: number | undefined, clock: () => number) {
  const startedAt = clock();
  const before = tally.accepted;
  return (): [number, number | undefined, string] => {
    const seconds = Math.max(0.001, (clock() - startedAt) / 1000);
    const { offset } = tally.next;
    const details = [
      `${amountOf(tally.accepted, 'task')}, ${countText((tally.accepted - before) / seconds)}/s`,
      bytesText(offset),
      ...(tally.refusedCount > 0 ? [`${countText(tally.refusedCount)} refused`] : []),
    ];
    return [offset, size, details.join(' | ')];
  };
}
