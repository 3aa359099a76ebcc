import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { OutputSource } from '../capture-output.ts';
import type { LeaderEnd } from '../launched.ts';
import type { Leader } from '../process-group.ts';
import { Flag, STAGE_FOLDER, Tell } from './starter-protocol.ts';

/** Of two names of one number (SIGABRT, SIGIOT), the first, as Node has it. */
const SIGNAL_NAMES = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name] as const)
    .reverse(),
);

/** What a program may ask of its starter. */
export interface StarterRequests {
  signal(number: number): void;
  pause(stream: number): void;
  resume(stream: number): void;
  stop(stream: number): void;
  /** Asks for the process once more, after the spawner's folder was made again. @throws if that cannot be made */
  startAgain(): void;
}

/** A process that the starter was asked for: what is told of it, turned into promises and outputs. */
export class StartedProgram implements Leader {
  readonly outputs: readonly [StarterOutput, StarterOutput];
  readonly #file: string;
  readonly #requests: StarterRequests;
  readonly #started = Promise.withResolvers<{ pid: number; leader: Leader }>();
  readonly #ended = Promise.withResolvers<LeaderEnd>();
  #pid: number | undefined;
  #isReaped = false;
  #isTidied = false;
  #wasStartedAgain = false;

  constructor(file: string, requests: StarterRequests) {
    this.#file = file;
    this.#requests = requests;
    this.#ended.promise.catch(() => {}); // where it has not even started, nobody waits for its end
    this.outputs = [new StarterOutput(0, requests), new StarterOutput(1, requests)];
  }

  get started(): Promise<{ pid: number; leader: Leader }> {
    return this.#started.promise;
  }

  get ended(): Promise<LeaderEnd> {
    return this.#ended.promise;
  }

  /** Whether nothing remains to be removed. */
  get isTidied(): boolean {
    return this.#isTidied;
  }

  get isReaped(): boolean {
    return this.#isReaped;
  }

  /** Whether nothing more will be told of it. */
  get isOver(): boolean {
    return this.#isReaped && this.outputs[0].isClosed && this.outputs[1].isClosed;
  }

  signalGroup(signal: NodeJS.Signals): void {
    this.#requests.signal(constants.signals[signal]);
  }

  /** Its starter has died without reaping it: SIGKILL to its group. */
  killOrphan(): void {
    if (this.#pid === undefined || this.#isReaped) return;
    try {
      process.kill(-this.#pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  take(kind: number, body: Buffer): void {
    if (kind === Tell.stdout) this.outputs[0].take(body);
    else if (kind === Tell.stderr) this.outputs[1].take(body);
    else if (kind === Tell.closed) this.outputs[body.readUInt32BE(0) === 0 ? 0 : 1].end();
    else if (kind === Tell.started) {
      this.#pid = body.readUInt32BE(0);
      this.#started.resolve({ pid: this.#pid, leader: this });
    } else if (kind === Tell.failed) this.#failOrRetry(body[0]!, getSystemErrorName(-body.readUInt32BE(1)));
    else if (kind === Tell.exited) this.#exit(body.readInt32BE(0), body[4]!);
  }

  #failOrRetry(stage: number, code: string): void {
    const what = stage === STAGE_FOLDER ? 'mkdir' : `spawn ${this.#file}`;
    let error: unknown = Object.assign(new Error(`${what} ${code}`), { code });
    // The spawner's folder was removed meanwhile, as by a cleaner of /tmp.
    if (stage === STAGE_FOLDER && code === 'ENOENT' && !this.#wasStartedAgain) {
      this.#wasStartedAgain = true;
      try {
        return this.#requests.startAgain();
      } catch (why) {
        error = why;
      }
    }
    this.#isReaped = true;
    this.#isTidied = true;
    for (const output of this.outputs) output.end();
    this.#started.reject(error);
    this.#ended.reject(error);
  }

  #exit(status: number, flags: number): void {
    this.#isReaped = true;
    if (flags & Flag.stdoutClosed) this.outputs[0].end();
    if (flags & Flag.stderrClosed) this.outputs[1].end();
    // As wait(2) encodes it: the signal in the lower seven bits, or the exit code above them.
    const signal = status & 0x7f;
    this.#isTidied = (flags & Flag.tidied) !== 0;
    this.#ended.resolve({
      exitCode: signal === 0 ? (status >> 8) & 0xff : null,
      signal: signal === 0 ? null : (SIGNAL_NAMES.get(signal) ?? `signal ${signal}`),
      groupIsGone: (flags & Flag.groupGone) !== 0,
      wasTerminated: (flags & Flag.terminated) !== 0,
      hasNoResult: this.#isTidied,
    });
  }
}

/** One output of a program, which the starter reads. */
class StarterOutput implements OutputSource {
  readonly #stream: 0 | 1;
  readonly #requests: StarterRequests;
  readonly #listeners: Partial<Record<string, (piece: Buffer) => void>> = {};
  #isPaused = false;
  #isClosed = false;

  constructor(stream: 0 | 1, requests: StarterRequests) {
    this.#stream = stream;
    this.#requests = requests;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  on(event: string, listener: (piece: Buffer) => void): void {
    this.#listeners[event] = listener;
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.#requests.pause(this.#stream);
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#requests.resume(this.#stream);
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#requests.stop(this.#stream);
    this.#close();
  }

  take(piece: Buffer): void {
    if (!this.#isClosed) this.#listeners['data']?.(piece);
  }

  end(): void {
    if (this.#isClosed) return;
    this.#listeners['end']?.(EMPTY);
    this.#close();
  }

  #close(): void {
    this.#isClosed = true;
    this.#listeners['close']?.(EMPTY);
  }
}

const EMPTY = Buffer.alloc(0);
