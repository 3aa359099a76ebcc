import { StringDecoder } from 'node:string_decoder';
import type { TaskProgress } from '../../core/task-row.ts';
import type { Frame } from '../spawner/frames.ts';
import { OutputTail } from '../spawner/output-tail.ts';
import { parseResult } from '../spawner/parse-result.ts';
import type { KillCause, ProgramEnd, ProgramFailure, ProgramRun } from '../spawner/program-runner.ts';
import { describeHostEnd } from './describe-host-end.ts';
import type { HandlerHost } from './handler-host.ts';
import type { HandlerCall } from './handlers.ts';
import { FromHost, ToHost, type AbortBody, type CallBody, type FailedBody } from './host-messages.ts';

/** A host that does not answer an abort within this time has a blocked event loop: no grace would help it. */
const ACK_MS = 1000;
const MAX_MESSAGE_CHARS = 200;
/** What Node says of an allocation outside of V8's heap that it could not make. */
const NO_MEMORY = /^(Failed to allocate memory|Array buffer allocation failed)$/;

/** One call of a handler, from the moment that it is asked for to its end. */
export class HandlerRun implements ProgramRun {
  readonly call: HandlerCall;
  readonly #id: number;
  readonly #memoryMiB: number;
  readonly #onEnd: () => void;
  readonly #started = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<ProgramEnd>();
  readonly #outputs: Record<'stdout' | 'stderr', { tail: OutputTail; decoder: StringDecoder }>;
  #begunAt = performance.now();
  #host: HandlerHost | undefined;
  #end: ProgramEnd | undefined;
  #progress: TaskProgress | undefined;
  #killAt = Infinity;
  #killTimer: NodeJS.Timeout | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #isBlocked = false;
  #isOver = false;

  /** @param onEnd called when its host is free for another call, or gone */
  constructor(
    id: number,
    call: HandlerCall,
    options: { tailBytes: number; memoryMiB: number; onEnd: () => void },
  ) {
    this.#id = id;
    this.call = call;
    this.#memoryMiB = options.memoryMiB;
    this.#onEnd = options.onEnd;
    const output = () => ({ tail: new OutputTail(options.tailBytes), decoder: new StringDecoder('utf8') });
    this.#outputs = { stdout: output(), stderr: output() };
    this.#done.promise.catch(() => {}); // it may be awaited later
  }

  get started(): Promise<void> {
    return this.#started.promise;
  }

  get done(): Promise<ProgramEnd> {
    return this.#done.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  kill(graceMs: number, cause: KillCause = 'stop'): void {
    const killAt = performance.now() + graceMs;
    if (this.#isOver || killAt >= this.#killAt) return;
    const isFirst = this.#killAt === Infinity;
    this.#killAt = killAt;
    if (!this.#host) return this.#finish({ signal: 'SIGTERM' });
    clearTimeout(this.#killTimer);
    if (graceMs <= 0) return this.#host.kill();
    this.#killTimer = setTimeout(() => this.#host?.kill(), graceMs);
    if (!isFirst) return;
    this.#host.send(ToHost.abort, this.#id, { cause } satisfies AbortBody);
    this.#ackTimer = setTimeout(() => {
      this.#isBlocked = true;
      this.#host?.kill();
    }, ACK_MS);
  }

  progress(): Promise<TaskProgress | undefined> {
    return Promise.resolve(this.#isOver ? undefined : this.#progress);
  }

  /** Hands it to a host that is free. */
  start(host: HandlerHost): void {
    this.#host = host;
    const { onOutput: _, env, ...call } = this.call;
    const isSame = host.env !== undefined && isEqual(host.env, env);
    host.env = env;
    host.calls += 1;
    this.#begunAt = performance.now();
    host.send(ToHost.call, this.#id, { ...call, ...(!isSame && { env }) } satisfies CallBody);
    this.#started.resolve();
  }

  /** No host could be started for it. */
  fail(why: string): void {
    this.#finish({ spawnError: why });
  }

  /** Takes what its host says of it. */
  take({ kind, body }: Frame, isHostsLast: boolean): void {
    if (kind === FromHost.stdout) this.print('stdout', body);
    else if (kind === FromHost.stderr) this.print('stderr', body);
    else if (kind === FromHost.progress) this.#progress = toProgress(body.toString());
    else if (kind === FromHost.aborting) clearTimeout(this.#ackTimer);
    else if (kind === FromHost.returned) this.#settle(toResult(body.toString()), isHostsLast);
    else if (kind === FromHost.failed) {
      const { isBroken, ...failure } = JSON.parse(body.toString()) as FailedBody;
      this.#settle({ failure: this.#withLimit(failure) }, isHostsLast || isBroken === true);
    }
  }

  print(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    const { tail, decoder } = this.#outputs[stream];
    tail.push(bytes);
    const text = decoder.write(bytes);
    if (text !== '') this.call.onOutput?.(stream, text);
  }

  /** Its host is gone, with all that the handler had started. */
  hostEnded(end: ProgramEnd | Error): void {
    if (this.#isOver) return;
    if (end instanceof Error) {
      this.#over();
      this.#done.reject(end);
      return;
    }
    if (this.#end) return this.#finish(this.#end);
    const { exitCode, signal } = end;
    const isOurs = this.#killAt !== Infinity;
    const why = this.#isBlocked
      ? 'its event loop was blocked, so that it could not be asked to end'
      : undefined;
    const failure: ProgramFailure | undefined = isOurs
      ? why === undefined
        ? undefined
        : { reason: 'signal', error: why }
      : describeHostEnd(end, this.#host?.killedFor, this.#memoryMiB);
    this.#finish({
      ...(exitCode !== undefined && { exitCode }),
      ...(signal !== undefined && { signal }),
      ...(failure && { failure }),
    });
  }

  /** What is left of an ended or an aborted call must be gone before its end is told: so its host goes. */
  #settle(end: Partial<ProgramEnd>, mustEndHost: boolean): void {
    if (!mustEndHost && this.#killAt === Infinity) return this.#finish(end);
    this.#end = { stdout: '', stderr: '', durationMs: 0, ...end };
    this.#host?.kill();
  }

  /** An allocation that was refused: by how much it was bounded. */
  #withLimit(failure: ProgramFailure): ProgramFailure {
    if (!NO_MEMORY.test(failure.error)) return failure;
    const limit = `a handler may use ${this.#memoryMiB} MiB of memory here (handlerMemoryMiB)`;
    return { ...failure, error: `${failure.error}: ${limit}` };
  }

  #finish(end: Partial<ProgramEnd>): void {
    if (this.#isOver) return;
    for (const stream of ['stdout', 'stderr'] as const) {
      const cut = this.#outputs[stream].decoder.end(); // a character that was never completed
      if (cut !== '') this.call.onOutput?.(stream, cut);
    }
    this.#over();
    this.#done.resolve({
      ...end,
      stdout: this.#outputs.stdout.tail.text(),
      stderr: this.#outputs.stderr.tail.text(),
      durationMs: performance.now() - this.#begunAt,
    });
  }

  #over(): void {
    this.#isOver = true;
    clearTimeout(this.#killTimer);
    clearTimeout(this.#ackTimer);
    this.#started.resolve();
    this.#onEnd();
  }
}

function toResult(text: string): Partial<ProgramEnd> {
  if (text === '') return {};
  const parsed = parseResult(text, 'the result of the handler');
  return 'result' in parsed ? parsed : { failure: { reason: 'error', error: parsed.resultError } };
}

/** Checked again: code of the task's own could have sent it. */
function toProgress(json: string): TaskProgress | undefined {
  const { percent, message } = JSON.parse(json) as Partial<TaskProgress>;
  if (typeof percent !== 'number' || !(percent >= 0 && percent <= 100)) return undefined;
  return { percent, message: String(message ?? '').slice(0, MAX_MESSAGE_CHARS) };
}

function isEqual(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const names = Object.keys(b);
  return names.length === Object.keys(a).length && names.every((name) => a[name] === b[name]);
}
