import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import type { Socket } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findForks, findGroups } from './find-groups.ts';
import { FrameWriter } from './frame-writer.ts';
import { FrameReader, type Frame } from './frames.ts';
import { ProcessGroup } from './process-group.ts';
import { type ProgramRun, type ProgramStart, SpawnerDied } from './program-runner.ts';
import {
  type KillRequest,
  type ReadyReport,
  Report,
  Request,
  type SpawnerSettings,
  type StartRequest,
} from './protocol.ts';
import { removeRoot } from './remove-folder.ts';
import { RequestedRun } from './requested-run.ts';

/** `.ts` from a checkout, `.js` in every bundle: the entry lies beside this file, for no bundler follows this reference. */
const ENTRY = fileURLToPath(new URL(`./spawner-main${extname(import.meta.url)}`, import.meta.url));

/** A small young generation keeps the spawner small; a fork costs by the memory of who forks. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--disable-warning=ExperimentalWarning'];

/** A spawner that was told to end, and does not, is killed so long after its programs' grace. */
const CLOSE_MS = 15_000;

/** How often it is looked whether processes are left that were forked and are not programs yet. */
const FORK_POLL_MS = 5;
const FORK_LOOKS = 400; // a fork that may not be killed from here soon becomes its program

/** One spawner process, as the worker sees it, from its start to the last trace of its programs. */
export class SpawnerProcess {
  readonly #settings: SpawnerSettings;
  readonly #child: ChildProcess;
  readonly #pipe: Socket;
  readonly #reader = new FrameReader();
  readonly #runs = new Map<number, RequestedRun>();
  readonly #out: FrameWriter;
  readonly #ready = Promise.withResolvers<ReadyReport>();
  readonly #died = Promise.withResolvers<void>();
  readonly #cleared = Promise.withResolvers<void>();
  #lastRun = 0;
  #isDead = false;

  /** @throws if the folder or the process cannot be made */
  constructor(scratchDir: string, settings: Omit<SpawnerSettings, 'root'>) {
    mkdirSync(scratchDir, { recursive: true });
    this.#settings = { ...settings, root: mkdtempSync(join(realpathSync(scratchDir), 'spawner-')) };
    this.#child = spawn(process.execPath, [...NODE_FLAGS, ENTRY, JSON.stringify(this.#settings)], {
      cwd: '/',
      // A program of the same user can read its parent's environment: nothing of the worker's is in it.
      env: { PATH: process.env['PATH'] },
      detached: true, // a Ctrl-C on the terminal goes to the worker alone
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    this.#pipe = this.#child.stdio[3] as Socket;
    this.#out = new FrameWriter(this.#pipe);
    this.#pipe.on('data', (piece: Buffer) => this.#take(piece));
    this.#pipe.on('error', () => {}); // written to a spawner that died: `close` of the child follows
    const died = new Promise<Error | undefined>((resolve) => {
      this.#child.on('error', resolve); // it could not be started at all
      this.#child.on('close', () => resolve(undefined)); // after the last of its frames has been read
    });
    void died.then((error) => this.#clearUp(error));
    this.#ready.promise.catch(() => {}); // who restarts a spawner does not wait for it: its runs tell
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isDead(): boolean {
    return this.#isDead || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Whether a signal has ended it. */
  get wasKilled(): boolean {
    return this.#child.signalCode !== null;
  }

  /** Resolves when it takes requests (which may be made before). */
  get ready(): Promise<ReadyReport> {
    return this.#ready.promise;
  }

  /** Resolves when the process has ended. */
  get died(): Promise<void> {
    return this.#died.promise;
  }

  /** Resolves when the process has ended, and its programs and its folder are gone too. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  run({ onOutput, ...start }: ProgramStart): ProgramRun {
    const number = ++this.#lastRun;
    const request: StartRequest = { ...start, forwardOutput: onOutput !== undefined };
    const run = new RequestedRun(onOutput, {
      kill: (graceMs) => this.#send(Request.kill, number, { graceMs }),
      askProgress: () => this.#send(Request.progress, number),
    });
    this.#runs.set(number, run);
    this.#send(Request.start, number, request);
    return run;
  }

  /** Ends every program, then the process. */
  async close(): Promise<void> {
    this.#out.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#settings.orphanGraceMs + CLOSE_MS);
    await this.cleared;
    clearTimeout(timer);
  }

  #send(kind: number, run: number, content?: StartRequest | KillRequest): void {
    this.#out.write(kind, run, content && JSON.stringify(content));
  }

  #take(piece: Buffer): void {
    this.#reader.push(piece);
    for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#handle(frame);
  }

  #handle({ kind, run: number, body }: Frame): void {
    if (kind === Report.ready) return this.#ready.resolve(JSON.parse(body.toString()) as ReadyReport);
    const run = this.#runs.get(number);
    if (kind === Report.end) this.#runs.delete(number);
    run?.take(kind, body);
  }

  #forks(): number[] {
    return findForks(this.#settings.root, this.pid);
  }

  /** The process is gone. Whatever it had started and not ended is killed before its runs are given up. */
  async #clearUp(cause?: Error): Promise<void> {
    this.#isDead = true;
    this.#died.resolve();
    const { root, orphanGraceMs, runAs } = this.#settings;
    for (let look = 0; look < FORK_LOOKS; look += 1) {
      const forks = this.#forks();
      if (forks.length === 0) break;
      for (const pid of forks) killIfThere(pid);
      await new Promise((resolve) => setTimeout(resolve, FORK_POLL_MS));
    }
    const pgids = [...this.#runs.values()].flatMap((run) => run.pid ?? []);
    const groups = [...new Set([...pgids, ...findGroups(root, runAs)])].map((pgid) => new ProcessGroup(pgid));
    for (const group of groups) group.terminate(orphanGraceMs);
    await Promise.all(groups.map((group) => group.gone));
    const how = this.#child.signalCode ?? `exit ${this.#child.exitCode ?? 'unknown'}`;
    const death = new SpawnerDied(
      `the spawner process ended (${cause?.message ?? how}); its programs were killed`,
    );
    this.#ready.reject(death);
    for (const run of this.#runs.values()) run.giveUp(death);
    this.#runs.clear();
    await removeRoot(root, runAs).catch(() => {}); // as far as it goes: an empty folder may stay
    this.#cleared.resolve();
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
