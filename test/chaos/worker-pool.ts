import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN } from '../support/processes.ts';
import { QUEUE, type Arena } from './arena.ts';
import { spawnersOf, startersOf, uptime } from './machine.ts';
import type { WorkerFault } from './plan-faults.ts';

const SLOTS = 8;

/** A log that is longer says of tasks too; of a worker that finds none it never is, and that is waited for no longer. */
const BUSY_BYTES = 1000;
const BUSY_MS = 20_000;

/** Exit codes of `work`: no Millrace can be reached, as when the stack is down just then. */
const UNREACHABLE = 7;

/** One worker process, from its start to its end. */
export interface WorkerLife {
  readonly pid: number;
  readonly log: string;
  /** What was done to it, and when in seconds since boot. */
  readonly harm: { readonly kind: WorkerFault; readonly at: number }[];
}

interface Living extends WorkerLife {
  readonly child: ChildProcess;
  readonly exit: Promise<number | string>;
}

/** Keeps so many workers running: one that has ended is replaced. */
export class WorkerPool {
  readonly lives: WorkerLife[] = [];
  /** Ends that nobody had asked for. */
  readonly oddEnds: string[] = [];
  readonly #arena: Arena;
  readonly #living: (Living | undefined)[];
  #isClosing = false;

  constructor(arena: Arena, workers: number) {
    this.#arena = arena;
    this.#living = Array.from({ length: workers }, () => undefined);
    for (const number of this.#living.keys()) this.#start(number);
  }

  /** Resolves when this worker has begun to run tasks: on a busy machine starting takes longer than what follows. */
  async busy(number: number, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + BUSY_MS;
    while (performance.now() < deadline) {
      const worker = this.#living[number];
      if (worker && statSync(worker.log).size > BUSY_BYTES) return;
      await sleep(50, undefined, { signal });
    }
  }

  /** @returns whether there was somebody to do it to */
  async harm(number: number, kind: WorkerFault): Promise<boolean> {
    const worker = this.#living[number];
    if (!worker) return false;
    const find = kind === 'starter killed' ? startersOf : kind.includes('spawner') ? spawnersOf : undefined;
    const helpers = find?.(this.#arena.home, worker.pid) ?? [];
    if (find && helpers.length === 0) return false; // it is only starting
    const isEnd = kind !== 'spawner killed' && kind !== 'starter killed';
    if (isEnd) this.#living[number] = undefined; // nobody else's from now on
    worker.harm.push({ kind, at: uptime() });
    if (kind.startsWith('worker told')) worker.child.kill('SIGTERM');
    if (kind === 'worker killed' || kind === 'worker and spawner killed') worker.child.kill('SIGKILL');
    for (const pid of helpers) killIfThere(pid);
    if (kind === 'worker told to stop twice') {
      // A second signal within a quarter of a second is taken for the same key press.
      const timer = setTimeout(() => worker.child.kill('SIGTERM'), 400);
      await worker.exit;
      clearTimeout(timer);
    }
    if (isEnd) await this.#ended(number, worker); // else it goes on, with another spawner
    return true;
  }

  /** All of them, in order. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const living = this.#living.flatMap((worker) => worker ?? []);
    for (const { child } of living) child.kill('SIGTERM');
    for (const { pid, exit } of living) {
      const code = await exit;
      if (code !== 0) this.oddEnds.push(`worker ${pid} was told to stop at rest and exited ${code}`);
    }
  }

  /** At once, for a run that has failed or was stopped. */
  kill(): void {
    this.#isClosing = true;
    for (const worker of this.#living) worker?.child.kill('SIGKILL');
  }

  #start(number: number): void {
    const log = this.#arena.path('logs', `worker-${this.lives.length}.log`);
    const fd = openSync(log, 'w');
    const args = ['work', QUEUE, 'forever', '--slots', String(SLOTS), '--grace', '1'];
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: this.#arena.home,
      env: this.#arena.env,
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    const exit = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
    const worker: Living = { pid: child.pid ?? 0, log, harm: [], child, exit };
    this.lives.push(worker);
    this.#living[number] = worker;
    void exit.then(async (code) => {
      if (this.#living[number] !== worker || this.#isClosing) return;
      this.#living[number] = undefined;
      if (code !== UNREACHABLE) this.oddEnds.push(`worker ${worker.pid} exited ${code}, unasked: ${log}`);
      await this.#replace(number);
    });
  }

  async #ended(number: number, worker: Living): Promise<void> {
    const code = await worker.exit;
    const kinds = worker.harm.map(({ kind }) => kind);
    const isSpared = (code === 'SIGTERM' || code === UNREACHABLE) && isBeforeOrBehind(worker);
    if (!expectedExits(kinds).includes(code) && !isSpared) {
      this.oddEnds.push(`worker ${worker.pid} (${kinds.join(', ')}) exited ${code}: ${worker.log}`);
    }
    await this.#replace(number);
  }

  async #replace(number: number): Promise<void> {
    await this.#arena.up();
    if (!this.#isClosing) this.#start(number);
  }
}

function expectedExits(kinds: readonly WorkerFault[]): readonly (number | string)[] {
  if (kinds.includes('worker told to stop')) return [0];
  if (kinds.includes('worker told to stop twice')) return [0, 143]; // 0: it was faster than the second signal
  return ['SIGKILL'];
}

/**
 * Node has no handler for a signal while it reads its first files, and none any more in its last moment. A worker that
 * only starts may also not have found its stack.
 */
function isBeforeOrBehind({ log }: WorkerLife): boolean {
  const text = readFileSync(log, 'utf8');
  return !text.includes('worker started') || text.includes('"worker ended"');
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
