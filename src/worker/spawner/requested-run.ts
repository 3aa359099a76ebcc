import { StringDecoder } from 'node:string_decoder';
import { parseResult } from './parse-result.ts';
import type { ProgramEnd, ProgramRun, ProgramStart, SpawnerDied } from './program-runner.ts';
import { type EndReport, type ProgressReport, Report, type StartedReport } from './protocol.ts';

/** What a run may ask of its spawner. */
export interface RunRequests {
  kill(graceMs: number): void;
  askProgress(): void;
}

/** A run as the worker sees it: what its spawner reports, turned into promises. */
export class RequestedRun implements ProgramRun {
  readonly #requests: RunRequests;
  readonly #onOutput: ProgramStart['onOutput'];
  readonly #started = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<ProgramEnd>();
  readonly #decoders: Partial<Record<'stdout' | 'stderr', StringDecoder>> = {};
  #asked: ((progress: ProgressReport | undefined) => void)[] = [];
  #killAt = Infinity;
  #over = false;
  #pid: number | undefined;

  constructor(onOutput: ProgramStart['onOutput'], requests: RunRequests) {
    this.#onOutput = onOutput;
    this.#requests = requests;
    this.#done.promise.catch(() => {}); // a worker may await it later than the spawner dies
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  get done(): Promise<ProgramEnd> {
    return this.#done.promise;
  }

  /** Its leader, which is its group, once that is reported. */
  get pid(): number | undefined {
    return this.#pid;
  }

  kill(graceMs: number): void {
    const killAt = performance.now() + graceMs;
    if (this.#over || killAt >= this.#killAt) return;
    this.#killAt = killAt;
    this.#requests.kill(graceMs);
  }

  progress(): Promise<ProgressReport | undefined> {
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#asked.push(resolve);
      this.#requests.askProgress();
    });
  }

  /** Takes a report of the spawner about this run. */
  take(kind: number, body: Buffer): void {
    if (kind === Report.started) {
      this.#pid = (JSON.parse(body.toString()) as StartedReport).pid;
      this.#started.resolve();
    } else if (kind === Report.stdout) this.#print('stdout', body);
    else if (kind === Report.stderr) this.#print('stderr', body);
    else if (kind === Report.progress) {
      const progress = body.length > 0 ? (JSON.parse(body.toString()) as ProgressReport) : undefined;
      this.#asked.shift()?.(progress);
    } else if (kind === Report.end) {
      for (const stream of ['stdout', 'stderr'] as const) {
        const cut = this.#decoders[stream]?.end(); // a character that was never completed
        if (cut) this.#onOutput?.(stream, cut);
      }
      this.#settle();
      this.#done.resolve(toProgramEnd(JSON.parse(body.toString()) as EndReport));
    }
  }

  /** Its spawner is gone, and so is its program. */
  giveUp(death: SpawnerDied): void {
    this.#settle();
    this.#done.reject(death);
  }

  #settle(): void {
    this.#over = true;
    this.#started.resolve();
    for (const answer of this.#asked) answer(undefined);
    this.#asked = [];
  }

  #print(stream: 'stdout' | 'stderr', body: Buffer): void {
    const decoder = (this.#decoders[stream] ??= new StringDecoder('utf8'));
    const text = decoder.write(body);
    if (text !== '') this.#onOutput?.(stream, text);
  }
}

function toProgramEnd({ resultText, ...end }: EndReport): ProgramEnd {
  return resultText === undefined ? end : { ...end, ...parseResult(resultText) };
}
