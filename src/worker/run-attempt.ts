import {
  cancelAttempt,
  finishAttempt,
  handBack,
  type Attempt,
  type AttemptEnd,
  type Outcome,
} from '../core/attempt.ts';
import type { Claimant } from '../core/claimant.ts';
import { DEFAULT_TIMEOUT_SECONDS, MAX_RESULT_BYTES } from '../core/limits.ts';
import type { Log } from '../core/ports.ts';
import type { TaskProgress } from '../core/task-row.ts';
import { byteLength } from '../core/task-spec.ts';
import { logLines } from './log-lines.ts';
import type { Handlers } from './handlers/handlers.ts';
import { programEnv } from './program-env.ts';
import type { Redactor } from './redactor.ts';
import {
  SpawnerDied,
  type KillCause,
  type ProgramEnd,
  type ProgramRun,
  type ProgramRunner,
  type ProgramStart,
} from './spawner/program-runner.ts';

interface AttemptSettings {
  readonly runner: ProgramRunner;
  readonly handlers?: Handlers | undefined;
  readonly baseEnv: () => Readonly<Record<string, string>>;
  readonly redactor: Redactor;
  readonly program: readonly string[] | undefined;
  readonly graceMs: number;
  readonly log: Log;
}

/** The part of the lease that is kept for ending the program before others may take the task over. */
const LEASE_MARGIN = 1 / 12;

/** Whether a program may be started under a lease that was asked for so long ago. */
export function leavesTime(leaseMs: number, agoMs: number): boolean {
  return agoMs < leaseMs * (1 - LEASE_MARGIN);
}

/** One attempt while its program runs. */
export class RunningAttempt {
  readonly attempt: Attempt;
  /** The program's end, whatever ended it. */
  readonly ended: Promise<void>;
  readonly #settings: AttemptSettings;
  readonly #leaseMs: number;
  readonly #run: ProgramRun;
  #timeout: NodeJS.Timeout | undefined;
  #lease: NodeJS.Timeout;
  /** The first one counts. */
  #cause: KillCause | undefined;
  #end: ProgramEnd | 'spawner died' | undefined;

  /** @param leaseLeftMs of the lease, counted from before it was asked for */
  constructor(settings: AttemptSettings, attempt: Attempt, leaseMs: number, leaseLeftMs: number) {
    this.#settings = settings;
    this.attempt = attempt;
    this.#leaseMs = leaseMs;
    const log = logLines(settings.log, { taskId: attempt.row.id, attempt: attempt.row.attempt });
    this.#run = startRun(settings, attempt, (stream, text) => log.write(stream, text));
    void this.#run.started.then(() => this.#watchTime());
    this.#lease = this.#watchLease(leaseLeftMs);
    this.ended = this.#run.done
      .then(
        (end) => (this.#end = end),
        (error: unknown) => {
          if (!(error instanceof SpawnerDied))
            settings.log.error({ err: error }, 'a program’s end is not known');
          this.#end = 'spawner died';
        },
      )
      .then(() => {
        clearTimeout(this.#timeout);
        clearTimeout(this.#lease);
        log.end();
      });
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** The lease was renewed, by a request that was sent so long ago. */
  renewed(agoMs: number): void {
    clearTimeout(this.#lease);
    if (!this.isEnded && this.#cause !== 'lease lost') this.#lease = this.#watchLease(this.#leaseMs - agoMs);
  }

  /** The lease is gone or going: the program must not outlive it. */
  loseLease(): void {
    // A last grace that ends well before others may run the task; it goes before any other cause.
    const isFirst = this.#cause !== 'lease lost';
    this.#cause = 'lease lost';
    if (isFirst) this.#run.kill((this.#leaseMs * LEASE_MARGIN) / 2, 'lease lost');
  }

  cancel(): void {
    this.#kill('cancel', this.#settings.graceMs);
  }

  stop(graceMs: number): void {
    if (this.#cause === undefined) this.#kill('stop', graceMs);
    else this.#run.kill(graceMs, 'stop');
  }

  async progress(): Promise<TaskProgress | undefined> {
    const progress = this.isEnded ? undefined : await this.#run.progress().catch(() => undefined);
    return progress && { ...progress, message: this.#settings.redactor.text(progress.message) };
  }

  /** Records what the program's end means. Call it after `ended`. Rejects when the outcome stays unknown. */
  async settle(claimant: Claimant): Promise<AttemptEnd> {
    const end = this.#end;
    if (end === undefined) throw new Error('the program has not ended yet');
    const outcome = toOutcome(end, this.#cause === 'timeout', this.#settings.redactor);
    switch (this.#cause) {
      case 'lease lost':
        return { kind: 'lost' };
      case 'cancel':
        return cancelAttempt(claimant, this.attempt, outcome);
      case 'stop':
        return handBack(claimant, this.attempt);
      case 'timeout':
      case undefined:
        return finishAttempt(claimant, this.attempt, outcome);
    }
  }

  #kill(cause: KillCause, graceMs: number): void {
    if (this.#cause !== undefined || this.isEnded) return;
    this.#cause = cause;
    this.#run.kill(graceMs, cause);
  }

  /** From when it has begun: a handler may have waited seconds for a process, on a busy machine. */
  #watchTime(): void {
    if (this.isEnded) return;
    const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = this.attempt.message.spec;
    this.#timeout = setTimeout(() => this.#kill('timeout', this.#settings.graceMs), timeoutSeconds * 1000);
  }

  #watchLease(leftMs: number): NodeJS.Timeout {
    return setTimeout(() => this.loseLease(), Math.max(0, leftMs - this.#leaseMs * LEASE_MARGIN));
  }
}

function startRun(
  settings: AttemptSettings,
  { row, message: { spec } }: Attempt,
  onOutput: NonNullable<ProgramStart['onOutput']>,
): ProgramRun {
  const { id: taskId, queue, attempt } = row;
  const env = settings.baseEnv();
  if (spec.handler !== undefined && settings.handlers) {
    const { handler, args } = spec;
    return settings.handlers.run({ handler, args, taskId, queue, attempt, env, onOutput });
  }
  return settings.runner.run({
    runId: `${taskId}-${attempt}`,
    program:
      spec.command !== undefined ? { command: spec.command } : { argv: spec.argv ?? settings.program ?? [] },
    ...(spec.input !== undefined && { input: spec.input }),
    env: programEnv(env, row, spec.env),
    onOutput,
  });
}

/** How a program ended → what is recorded of it. */
export function toOutcome(end: ProgramEnd | 'spawner died', isTimeout: boolean, redactor: Redactor): Outcome {
  if (end === 'spawner died') {
    const error = 'the process that runs the programs died, and this program with it';
    return { failure: { reason: 'lost', error }, stdout: '', stderr: '' };
  }
  const { exitCode, signal, durationMs: ranMs } = end;
  const { result, resultError: tooLong } = toResultText(
    end.result === undefined ? undefined : redactor.value(end.result),
  );
  const [spawnError, resultError] = [end.spawnError, tooLong ?? end.resultError].map(
    (error) => error && redactor.text(error),
  );
  const report = {
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    stdout: redactor.text(end.stdout),
    stderr: redactor.text(end.stderr),
    ...(result !== undefined && { result }),
    ranMs,
  };
  if (spawnError !== undefined) return { ...report, failure: { reason: 'spawn', error: spawnError } };
  const failure = end.failure && { ...end.failure, error: redactor.text(end.failure.error) };
  // What it threw on its way out says nothing; that it had to be killed does.
  const wasKilled = failure?.reason === 'signal' && { error: failure.error };
  if (isTimeout) return { ...report, failure: { reason: 'timeout', ...wasKilled } };
  if (failure) return { ...report, failure };
  if (signal !== undefined) return { ...report, failure: { reason: 'signal' } };
  if (exitCode !== undefined && exitCode !== 0) return { ...report, failure: { reason: 'exit' } };
  if (resultError !== undefined) return { ...report, failure: { reason: 'error', error: resultError } };
  return report;
}

/** As it is stored. JSON grows when it is read and written again: `1e20` comes out with 21 digits. */
function toResultText(value: unknown): { result?: string; resultError?: string } {
  if (value === undefined) return {};
  const result = JSON.stringify(value);
  const bytes = byteLength(result);
  if (bytes <= MAX_RESULT_BYTES) return { result };
  return { resultError: `MILLRACE_RESULT: expected at most ${MAX_RESULT_BYTES} bytes as JSON, got ${bytes}` };
}
