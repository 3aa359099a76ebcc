import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { run, start } from '../../test/support/processes.ts';
import { startAfter } from '../figures.ts';
import type { Kind, Task } from '../workload.ts';
import { payloadsOf } from './millrace.ts';
import type { Session, System, Worker } from './system.ts';

/** What people use instead: programs of a few lines around a library, as its users write them. */
export interface Peer {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly roundsOf?: Readonly<Record<string, number>>;
  readonly share?: number;
  /** Installs what it needs, once. @throws Error that says why it cannot be had here */
  readonly install: () => Promise<InstalledPeer>;
}

export interface InstalledPeer {
  readonly versions: Readonly<Record<string, string>>;
  /** Servers for one measurement, with nothing in them. @returns what its programs need to know of them */
  readonly openServers: () => Promise<{ env: Readonly<Record<string, string>>; close(): Promise<void> }>;
  /** Enqueues the payloads of a file; prints `{"ms"}`, or `{"calledAt"}` for a trickle. */
  readonly produce: (how: 'bulk' | 'trickle', kind: Kind, file: string, periodMs: number) => Launch;
  /** Works until SIGTERM, and writes a line of 34 bytes for each task into a file of its own in `folder`. */
  readonly work: (kind: Kind, slots: number, folder: string, tasks: readonly Task[]) => Launch;
  /** Reads another format in `folder`. */
  readonly follow?: (folder: string) => Progress;
  /** Ends what its measurements share. */
  readonly close?: () => Promise<void>;
}

export type Progress = Pick<Worker, 'done' | 'times'>;

export interface Launch {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `1796097653046000 1796097653047000` and a line feed: start and end in microseconds. */
const LINE_BYTES = 34;
const STOP_MS = 5_000;

export function makePeerSystem({ name, kinds, roundsOf, share }: Peer, installed: InstalledPeer): System {
  return {
    name,
    kinds,
    ...(roundsOf && { roundsOf }),
    ...(share !== undefined && { share }),
    ...(installed.close && { close: installed.close }),
    open: async () => {
      const home = await mkdtemp(join(tmpdir(), 'millrace-bench-peer-'));
      const servers = await installed.openServers();
      return new PeerSession(installed, home, servers.env, async () => {
        await servers.close();
        await rm(home, { recursive: true, force: true });
      });
    },
  };
}

class PeerSession implements Session {
  readonly #peer: InstalledPeer;
  readonly #home: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;

  constructor(
    peer: InstalledPeer,
    home: string,
    env: Readonly<Record<string, string>>,
    close: () => Promise<void>,
  ) {
    this.#peer = peer;
    this.#home = home;
    this.#env = env;
    this.close = close;
  }

  async enqueue(kind: Kind, tasks: readonly Task[]): Promise<number> {
    const { ms } = await this.#produce<{ ms: number }>('bulk', kind, payloadsOf(kind, tasks));
    return ms;
  }

  async trickle(commands: readonly string[], periodMs: number): Promise<number[]> {
    const { calledAt } = await this.#produce<{ calledAt: number[] }>(
      'trickle',
      'command',
      commands,
      periodMs,
    );
    return calledAt;
  }

  async #produce<T>(
    how: 'bulk' | 'trickle',
    kind: Kind,
    payloads: readonly string[],
    periodMs = 0,
  ): Promise<T> {
    const file = join(this.#home, 'payloads');
    await writeFile(file, `${payloads.join('\n')}\n`);
    const { program, args, cwd, env } = this.#peer.produce(how, kind, file, periodMs);
    const { code, stdout, stderr } = await run(program, args, { cwd, env: this.#environment(env) });
    if (code !== 0) throw new Error(`its producer exited ${code}: ${stderr.slice(-500)}`);
    return JSON.parse(stdout) as T;
  }

  async startWorker(kind: Kind, slots: number, tasks: readonly Task[]): Promise<Worker> {
    const folder = join(this.#home, 'times');
    await mkdir(folder);
    const { program, args, cwd, env } = this.#peer.work(kind, slots, folder, tasks);
    const running = start(program, args, { cwd, env: this.#environment(env) });
    const { done, times } = (this.#peer.follow ?? followTimes)(folder);
    return {
      pids: [running.pid],
      ended: () =>
        running.child.exitCode === null && running.child.signalCode === null
          ? undefined
          : `${running.child.exitCode ?? running.child.signalCode} ${running.stderr().slice(-500)}`,
      done,
      times,
      stop: async () => {
        running.child.kill('SIGTERM');
        const timer = setTimeout(() => running.child.kill('SIGKILL'), STOP_MS);
        await running.exit;
        clearTimeout(timer);
      },
    };
  }

  #environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#env, ...more };
  }
}

/** The files of lines that `work` is to write. */
function followTimes(folder: string): Progress {
  return {
    done: () =>
      readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0) / LINE_BYTES,
    times: async () => {
      const files = await Promise.all(
        (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')),
      );
      const lines = files.flatMap((text) => text.trimEnd().split('\n').filter(Boolean));
      const times = lines.map((line) => line.split(' ').map((us) => Number(us) / 1000));
      return {
        firstStart: async (after) =>
          startAfter(
            times.map(([begin = NaN]) => begin),
            after,
          ),
        ends: times.map(([, end = NaN]) => end),
      };
    },
  };
}
