import { MillraceError } from '../../core/errors.ts';
import type { BatchProgress } from '../../core/progress.ts';
import type { CliContext } from '../context.ts';
import { openSession, type Session, type TargetOptions } from '../open-session.ts';
import { amountOf, countText } from '../../core/amounts.ts';
import { makeMeter, type Meter } from '../output/meter.ts';
import { printJson } from '../output/print-json.ts';
import { quoteForShell } from '../quote-for-shell.ts';
import { LoadTally } from './load-tally.ts';
import { openInput } from './open-input.ts';
import { planLoad, type LoadFormat, type LoadPlan, type LoadSettings } from './plan-load.ts';
import { runLoad, type LoadSummary } from './run-load.ts';
import { waitForBatch } from './wait-for-batch.ts';

/** As the command line gives them. */
export interface LoadOptions extends TargetOptions {
  readonly format?: LoadFormat;
  readonly timeout?: number;
  readonly maxAttempts?: number;
  readonly batch?: string;
  readonly fresh?: boolean;
  readonly patience: number;
  readonly wait?: boolean;
}

const clock = () => performance.now();

/** Says that the API is away no more often than this, in ms. */
const SAY_AWAY_EVERY_MS = 10_000;

/** What `millrace load` does. */
export async function loadCommand(
  context: CliContext,
  queue: string,
  file: string,
  options: LoadOptions,
): Promise<void> {
  const meter = await makeMeter(context.stderr, options.json === true, clock);
  const session = await openSession(context, options, {
    patienceMs: options.patience * 1000,
    onRetry: sayAway(meter, options.patience),
  });
  const settings = toSettings(queue, file, options);
  const input = await openInput(context, file);
  try {
    const plan = await planLoad(session.client, session.target, input.file, settings, () =>
      crypto.randomUUID(),
    );
    meter.say(plan.notice ?? `Loading ${input.file ? file : 'STDIN'} as batch ${plan.batch}.`);
    const tally = new LoadTally(plan.done);
    await runLoad(session, input, plan, settings, { tally, meter, clock }).catch((error: unknown) => {
      throw resumable(
        error,
        plan,
        tally,
        meter,
        `millrace load ${quoteForShell(queue)} ${quoteForShell(file)}`,
      );
    });
    await finish(session, plan, settings, { tally, meter, isWaiting: options.wait === true });
  } finally {
    meter.stop();
    await input.close();
  }
}

async function finish(
  session: Session,
  { batch: id }: LoadPlan,
  { queue }: LoadSettings,
  { tally, meter, isWaiting }: { tally: LoadTally; meter: Meter; isWaiting: boolean },
): Promise<void> {
  const { context, client, json } = session;
  const { accepted, refused, refusedMore } = tally;
  const nothing = { id, queue, total: 0, pending: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 };
  meter.stop();
  if (isWaiting && accepted > 0) meter.say(`Batch ${id} is loaded: ${amountOf(accepted, 'task')}.`);
  const batch =
    accepted === 0 ? nothing : await (isWaiting ? waitWithMeter(session, id) : client.readBatch(id));
  const summary: LoadSummary = { ...batch, accepted, refused, ...(refusedMore > 0 && { refusedMore }) };
  if (json) printJson(context, summary);
  else context.stdout.write(`${summaryText(summary, tally.refusedCount, isWaiting)}\n`);
  if (accepted === 0) context.setExitCode(2);
  else if (isWaiting && batch.failed + batch.cancelled > 0) context.setExitCode(1);
}

async function waitWithMeter(session: Session, id: string): Promise<BatchProgress> {
  const meter = await makeMeter(session.context.stderr, session.json, clock);
  try {
    return await waitForBatch(session, id, meter);
  } finally {
    meter.stop(); // also at Ctrl-C: the timer of a bar keeps the process alive
  }
}

function summaryText(summary: LoadSummary, refused: number, isWaiting: boolean): string {
  if (summary.accepted === 0)
    return refused === 0
      ? 'There is no line with a task.'
      : `No line is a task: ${countText(refused)} refused.`;
  const parts = [
    `batch ${summary.id}: ${amountOf(summary.accepted, 'task')} accepted`,
    ...(refused > 0 ? [`${amountOf(refused, 'line')} refused`] : []),
    ...(isWaiting
      ? (['succeeded', 'failed', 'cancelled'] as const)
          .filter((name) => summary[name] > 0)
          .map((name) => `${countText(summary[name])} ${name}`)
      : []),
  ];
  return parts.join(', ');
}

/** Says how the load can be resumed, and puts it into the error too; not where nothing would come of that. */
function resumable(error: unknown, plan: LoadPlan, tally: LoadTally, meter: Meter, command: string): unknown {
  const how = plan.record
    ? `The same command goes on where it stood: ${command}`
    : `Send the same input into the same batch again, nothing is doubled: ${command} --batch ${plan.batch}`;
  const sofar = `Accepted for certain: ${amountOf(tally.accepted, 'task')} of batch ${plan.batch}.`;
  if (!(error instanceof MillraceError)) {
    meter.say(`${sofar} ${how}`);
    return error;
  }
  const { code, message, hint, expected, got, extra, cause } = error;
  const isHopeless = code === 'unknown_queue' && tally.accepted === 0;
  return new MillraceError(code, message, {
    hint: isHopeless ? hint : `${hint} ${sofar} ${how}`.trim(),
    ...(expected !== undefined && { expected }),
    ...(got !== undefined && { got }),
    extra: { ...extra, batch: plan.batch, accepted: tally.accepted },
    cause,
  });
}

function sayAway(meter: Meter, patienceSeconds: number) {
  let saidAt = -Infinity;
  return (error: MillraceError) => {
    if (clock() - saidAt < SAY_AWAY_EVERY_MS) return;
    saidAt = clock();
    meter.say(`${error.message} Trying again for up to ${patienceSeconds} s.`);
  };
}

function toSettings(queue: string, file: string, options: LoadOptions): LoadSettings {
  return {
    queue,
    format: options.format ?? (/\.(ndjson|jsonl)$/i.test(file) ? 'ndjson' : 'text'),
    timeoutSeconds: options.timeout,
    maxAttempts: options.maxAttempts,
    batch: options.batch,
    fresh: options.fresh === true,
  };
}
