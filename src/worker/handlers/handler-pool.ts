import { availableParallelism } from 'node:os';
import type { Frame } from '../spawner/frames.ts';
import type { ProgramRun } from '../spawner/program-runner.ts';
import { CallPace, MAX_QUEUED_MS } from './call-pace.ts';
import { HandlerHost, HostRefused } from './handler-host.ts';
import { HandlerRun } from './handler-run.ts';
import type { HandlerCall, HandlerInfo, Handlers } from './handlers.ts';
import { Later } from './later.ts';
import { FromHost, LAST_CALL } from './host-messages.ts';
import type { HandlerPoolOptions } from './pool-options.ts';
import { endOverdrawn, LeakWatch } from './watch-memory.ts';

const IDLE_MS = 60_000;
const MAX_CALLS = 10_000;
const WATCH_MS = 200;
/** Starts use a processor each: more at once would all be later, and short calls need no more hosts when these are there. */
const AT_ONCE = availableParallelism();

/** A call that waits for a host, since then (monotonic ms). */
interface WaitingCall {
  readonly id: number;
  readonly run: HandlerRun;
  readonly since: number;
}

/** Calls handlers in processes of their own, one call at a time in each, which are kept for the next call. */
export class HandlerPool implements Handlers {
  readonly #options: HandlerPoolOptions;
  readonly #hosts = new Set<HandlerHost>();
  readonly #idle: { host: HandlerHost; since: number }[] = [];
  readonly #busy = new Map<HandlerHost, { id: number; run: HandlerRun; startedAt: number }>();
  readonly #waiting: WaitingCall[] = [];
  /** Hosts that are to go as soon as another has come for them. */
  readonly #worn = new Map<HandlerHost, HandlerHost>();
  readonly #leaving = new Set<HandlerHost>();
  readonly #leaks: LeakWatch;
  readonly #pace = new CallPace();
  readonly #patience = new Later(() => this.#dispatch());
  readonly #queued = new Later(() => this.#dispatch());
  readonly #watch: NodeJS.Timeout;
  #infos: ReadonlyMap<string, HandlerInfo> = new Map();
  #starting = 0;
  #lastCall = 0;
  #isClosed = false;

  private constructor(options: HandlerPoolOptions) {
    this.#options = options;
    this.#leaks = new LeakWatch(options.memoryMiB);
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
  }

  /** Starts a first host, to learn what there is. @throws HostRefused, SpawnerDied */
  static async start(options: HandlerPoolOptions): Promise<HandlerPool> {
    const pool = new HandlerPool(options);
    try {
      const handlers = await pool.#startHost().ready;
      pool.#infos = new Map(handlers.map((info) => [info.name, info]));
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#infos.keys()];
  }

  /** Its hosts, those included that are starting. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Process ids of its hosts. */
  get pids(): readonly number[] {
    return [...this.#hosts].flatMap(({ pid }) => pid ?? []);
  }

  find(name: string): HandlerInfo | undefined {
    return this.#infos.get(name);
  }

  run(call: HandlerCall): ProgramRun {
    const { tailBytes, memoryMiB } = this.#options;
    this.#lastCall = (this.#lastCall + 1) % LAST_CALL;
    const id = this.#lastCall;
    const run = new HandlerRun(id, call, { tailBytes, memoryMiB, onEnd: () => this.#free(run) });
    if (this.#isClosed) run.fail('the worker is closing');
    else {
      this.#waiting.push({ id, run, since: performance.now() });
      this.#dispatch();
    }
    return run;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#patience.cancel();
    this.#queued.cancel();
    const hosts = [...this.#hosts];
    for (const host of hosts) {
      if (this.#busy.has(host)) host.kill();
      else host.end();
    }
    await Promise.all(hosts.map((host) => host.ended));
  }

  #dispatch(): void {
    if (this.#isClosed) return;
    while (this.#waiting[0]) {
      if (this.#waiting[0].run.isOver) {
        this.#waiting.shift();
        continue;
      }
      if (this.#idle.length === 0) break;
      if (this.#mayQueue(this.#waiting[0])) return;
      const idle = this.#idle.pop(); // the one that was used last: the others may reach their idle time
      const next = this.#waiting.shift();
      if (!idle || !next) return;
      this.#busy.set(idle.host, { ...next, startedAt: performance.now() });
      next.run.start(idle.host);
    }
    const room = this.#options.slots - (this.#hosts.size - this.#worn.size);
    const startable = Math.min(room, this.#waiting.length - this.#starting, AT_ONCE - this.#starting);
    if (startable <= 0) return;
    const first = this.#waiting[0];
    const patienceMs = first && first.since + this.#pace.patienceMs - performance.now();
    if (patienceMs !== undefined && patienceMs > 0 && this.#hosts.size > this.#starting)
      this.#patience.plan(patienceMs);
    else for (let missing = startable; missing > 0; missing -= 1) this.#startHost();
  }

  /** … for a busy host, although another is idle. */
  #mayQueue({ since }: WaitingCall): boolean {
    if (!this.#pace.mayQueue(this.#waiting.length, this.#busy.size)) return false;
    if (performance.now() - since >= MAX_QUEUED_MS) return false;
    this.#queued.plan(MAX_QUEUED_MS);
    return true;
  }

  /** @param replaces a host that goes when this one is there */
  #startHost(replaces?: HandlerHost): HandlerHost {
    const { runner, tasksDir, memoryMiB, env, channelDir, log } = this.#options;
    const host = new HandlerHost({
      runner,
      tasksDir,
      memoryMiB,
      env: env(),
      channelDir,
      onFrame: (from, frame) => this.#take(from, frame),
      onRawOutput: (from, stream, text) => {
        const current = this.#busy.get(from);
        if (current) current.run.print(stream, Buffer.from(text));
        else this.#logOutput(stream, text);
      },
    });
    this.#hosts.add(host);
    this.#starting += 1;
    const isReady = host.ready.then(
      () => {
        this.#starting -= 1;
        if (replaces) this.#leave(replaces);
        this.#add(host);
      },
      (error: Error) => {
        this.#starting -= 1;
        if (this.#infos.size === 0) return; // the first: whoever starts the worker tells
        log.error({ err: error }, 'a process for handlers could not be started');
        if (replaces) return;
        const call = this.#waiting.shift()?.run;
        if (error instanceof HostRefused) call?.fail(`the handlers could not be loaded: ${error.message}`);
        else call?.hostEnded(error);
      },
    );
    void host.ended.then(async (end) => {
      await isReady;
      this.#hosts.delete(host);
      this.#leaving.delete(host);
      for (const [next, old] of this.#worn) if (next === host || old === host) this.#worn.delete(next);
      const at = this.#idle.findIndex((idle) => idle.host === host);
      if (at >= 0) this.#idle.splice(at, 1);
      const current = this.#busy.get(host);
      this.#busy.delete(host);
      current?.run.hostEnded(end);
      this.#dispatch();
    });
    if (replaces) this.#worn.set(host, replaces);
    return host;
  }

  #take(host: HandlerHost, frame: Frame): void {
    const current = this.#busy.get(host);
    const id = frame.run % LAST_CALL;
    if (frame.kind === FromHost.fault) {
      // Something that an earlier call had left behind: nobody's failure, but no host for others.
      this.#options.log.warn(
        { error: frame.body.toString() },
        'a handler that has ended had left something behind, which failed',
      );
      this.#leave(host);
    } else if (current && id === current.id) {
      current.run.take(frame, frame.run >= LAST_CALL);
    } else if (frame.kind === FromHost.stdout || frame.kind === FromHost.stderr) {
      this.#logOutput(frame.kind === FromHost.stdout ? 'stdout' : 'stderr', frame.body.toString());
    }
  }

  /** A call is over: its host, if it lives, is free. */
  #free(run: HandlerRun): void {
    for (const [host, current] of this.#busy) {
      if (current.run !== run) continue;
      this.#busy.delete(host);
      this.#pace.took(performance.now() - current.startedAt);
      if (host.isUsable) this.#add(host);
      break;
    }
    this.#dispatch();
  }

  #add(host: HandlerHost): void {
    if (this.#leaving.has(host) || this.#isClosed) return host.end();
    this.#idle.push({ host, since: performance.now() });
    if (host.calls >= (this.#options.maxCalls ?? MAX_CALLS) || this.#leaks.hasLeak(host)) this.#replace(host);
    this.#dispatch();
  }

  /** Off the path of calls: it goes on until the other is there. */
  #replace(host: HandlerHost): void {
    if (this.#isClosed || [...this.#worn.values()].includes(host) || this.#leaving.has(host)) return;
    this.#startHost(host);
  }

  /** Ends a host now, or when its call is over. */
  #leave(host: HandlerHost): void {
    this.#leaving.add(host);
    const at = this.#idle.findIndex((idle) => idle.host === host);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    host.end();
  }

  /** Now and then: what hosts hold, and which nobody needs. */
  #look(): void {
    const { memoryMiB, idleMs = IDLE_MS } = this.#options;
    endOverdrawn(this.#busy.keys(), memoryMiB);
    const before = performance.now() - idleMs;
    for (const { host, since } of [...this.#idle]) {
      if (since < before) this.#leave(host);
      else if (this.#leaks.hasLeak(host)) this.#replace(host);
    }
  }

  #logOutput(stream: 'stdout' | 'stderr', text: string): void {
    this.#options.log.info({ stream, handlers: true }, text.trimEnd().slice(0, 2000));
  }
}
