import { setTimeout as delay } from 'node:timers/promises';
import { makeDoctorClient, type DoctorAnswer, type DoctorClient } from '../../client/doctor-client.ts';
import { parseEndpoint } from '../../client/endpoint.ts';
import { MillraceClient } from '../../client/millrace-client.ts';
import { examineBatch, type ExaminedBatch } from '../../core/doctor/examine-batch.ts';
import { examineQueue, type ExamineOptions, type ExaminedQueue } from '../../core/doctor/examine-queue.ts';
import { found, passed, type CheckResult } from '../../core/doctor/finding.ts';
import {
  judgeClock,
  judgeDependencies,
  judgeError,
  judgeNode,
  judgeVersion,
} from '../../core/doctor/judge-api.ts';
import { MillraceError, unknownQueue } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';
import { findTarget, type Target } from '../find-target.ts';
import type { TargetOptions } from '../open-session.ts';
import { makeMeter } from '../output/meter.ts';
import { exitCodeOf } from '../output/show-error.ts';
import { signedFetch } from '../signed-fetch.ts';
import { ClockWatch } from './clock-watch.ts';
import { describeTarget, toReport, type DoctorReport } from './doctor-report.ts';

/** As `millrace doctor` is given them. */
export interface DoctorOptions extends TargetOptions {
  readonly batch?: readonly string[];
  readonly dryRun?: boolean;
  readonly fix?: boolean;
}

/** Without a Millrace to ask, the exit code says why, as with every other command. */
const CODE_OF_PROBLEMS = 1;
const WAYS_BARRED: readonly string[] = ['unavailable', 'unauthorized', 'forbidden'];

/**
 * Examines a Millrace: what is around it, then its queues or those that are named.
 * @throws MillraceError `unknown_queue`, `unknown_batch` for a name that there is not
 */
export async function runDoctor(
  context: CliContext,
  names: readonly string[],
  options: DoctorOptions,
): Promise<{ report: DoctorReport; exitCode: number }> {
  const checks: CheckResult[] = [judgeNode(context.nodeVersion)];
  const parts = {
    at: new Date().toISOString(),
    client: { version: context.version, node: context.nodeVersion },
    dryRun: options.dryRun === true,
    queues: [] as Omit<ExaminedQueue, 'checks'>[],
    batches: [] as Omit<ExaminedBatch, 'checks'>[],
  };
  let more: Pick<DoctorReport, 'target' | 'server'> = {};
  const clock = new ClockWatch(() => Date.now());
  let barred: number | undefined;
  try {
    const target = await findTarget(options, context);
    more = { target: describeTarget(target, parseEndpoint(target.url).base) };
    if (target.stack) checks.push(...(await judgeDataDir(target.dataDir)));
    const { doctor, client } = await connect(target, context, clock);
    const answer = await doctor.readDoctor();
    more = { ...more, server: { version: answer.version, protocol: answer.protocol } };
    checks.push(...judgeDependencies(answer.checks), judgeVersion(parts.client, answer));
    const examined = await examineAll({ context, options, doctor, client, answer, names });
    for (const { checks: found, ...rest } of examined.queues) {
      parts.queues.push(rest);
      checks.push(...found);
    }
    for (const { checks: found, ...rest } of examined.batches) {
      parts.batches.push(rest);
      checks.push(...found);
    }
    checks.push(...examined.errors);
  } catch (error) {
    if (!(error instanceof MillraceError) || isUsage(error)) throw error;
    checks.push(judgeError(error));
    if (WAYS_BARRED.includes(error.code)) barred = exitCodeOf(error);
  }
  const reading = clock.reading();
  const at = checks.findIndex(({ check }) => check === 'version') + 1;
  if (reading) checks.splice(at > 0 ? at : checks.length, 0, judgeClock(reading));
  const report = toReport({ ...parts, ...more, checks });
  return { report, exitCode: barred ?? (report.healthy ? 0 : CODE_OF_PROBLEMS) };
}

/** What the caller has to put right, and no state of the installation. */
function isUsage({ code }: MillraceError): boolean {
  return code === 'invalid_request' || code === 'unknown_queue' || code === 'unknown_batch';
}

async function judgeDataDir(dataDir: string): Promise<CheckResult[]> {
  const { checkDataDir } = await import('../../local/check-data-dir.ts');
  const problems = await checkDataDir(dataDir);
  if (problems.length === 0) return [passed('data', `the data folder ${dataDir} is this user's alone`)];
  return problems.map(({ kind, message, expected, got, hint }) =>
    found(kind === 'disk' ? 'disk_nearly_full' : 'data_folder', message, hint, { expected, got }),
  );
}

async function connect(target: Target, context: CliContext, clock: ClockWatch) {
  const fetchFn = clock.watch((await signedFetch(target, context)) ?? fetch);
  const clientOptions = { signal: context.interrupt(), fetch: fetchFn };
  return {
    doctor: makeDoctorClient(target.url, clientOptions),
    client: new MillraceClient(target.url, clientOptions),
  };
}

interface Examination {
  readonly context: CliContext;
  readonly options: DoctorOptions;
  readonly doctor: DoctorClient;
  readonly client: MillraceClient;
  readonly answer: DoctorAnswer;
  readonly names: readonly string[];
}

/** The queues and batches that are named, else every queue. Trouble with one does not keep the others from it. */
async function examineAll(work: Examination) {
  const { context, options, doctor, client, answer, names } = work;
  const missing = names.find((name) => !answer.queues.includes(name));
  if (missing !== undefined) throw unknownQueue(missing, answer.queues);
  const batches = await Promise.all((options.batch ?? []).map((id) => client.readBatch(id)));
  const wanted = names.length === 0 && batches.length === 0 ? answer.queues : names;
  const [queues, done, errors]: [ExaminedQueue[], ExaminedBatch[], CheckResult[]] = [[], [], []];
  const meter =
    context.stderr.isTTY && !options.json ? await makeMeter(context.stderr, true, Date.now) : undefined;
  const signal = context.interrupt();
  const examineOptions: ExamineOptions = {
    dryRun: options.dryRun === true,
    fix: options.fix === true,
    sleep: (ms) => delay(ms, undefined, { signal }),
    onProgress: (rows, total, of) => meter?.show(rows, Math.max(rows, total), `${of}: ${rows} rows`),
  };
  const attempt = async (queue: string, examine: (how: ExamineOptions) => Promise<void>): Promise<void> => {
    try {
      await examine(examineOptions);
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      errors.push(judgeError(error, queue));
      // Whoever may read and not send is told what can be read.
      if (error.code === 'forbidden' && !examineOptions.dryRun)
        await examine({ ...examineOptions, dryRun: true, fix: false });
    }
  };
  try {
    for (const queue of new Set(wanted))
      await attempt(queue, async (how) => void queues.push(await examineQueue(doctor, queue, how)));
    for (const { id, queue } of batches)
      await attempt(
        queue,
        async (how) => void done.push(await examineBatch(doctor, { queue, batch: id }, how)),
      );
  } finally {
    meter?.stop();
  }
  return { queues, batches: done, errors };
}
