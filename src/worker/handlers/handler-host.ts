import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { FrameReader, toFrame, type Frame } from '../spawner/frames.ts';
import type { ProgramEnd, ProgramRun, ProgramRunner } from '../spawner/program-runner.ts';
import type { HandlerInfo } from './handlers.ts';
import {
  FromHost,
  MAX_HOST_FRAME_BYTES,
  type HostSettings,
  type ReadyBody,
  type RefusedBody,
} from './host-messages.ts';
import { listenForHost } from './listen-for-host.ts';

/** `.ts` from a checkout, `.js` in every bundle: the entry lies beside this file, for no bundler follows this reference. */
const ENTRY = fileURLToPath(new URL(`./handler-host-main${extname(import.meta.url)}`, import.meta.url));
const IS_CHECKOUT = ENTRY.endsWith('.ts');
/** A checkout's own: in the folder for temporary files another user could leave code for this one. */
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/millrace', import.meta.url));

/** A definition that has not loaded by then never will: its module waits for something. */
const START_MS = 30_000;
/** Between the end of a host's process and of what it had still sent. */
const LAST_WORDS_MS = 250;
const END_GRACE_MS = 1000;

export interface HandlerHostOptions {
  readonly runner: ProgramRunner;
  readonly tasksDir: string;
  readonly memoryMiB: number;
  readonly env: Readonly<Record<string, string>>;
  /** A folder that only the worker's user may enter. */
  readonly channelDir: string;
  /** Takes what concerns the current call. */
  readonly onFrame: (host: HandlerHost, frame: Frame) => void;
  /** What was written past the host, by a child process or by V8 in its last moments. */
  readonly onRawOutput: (host: HandlerHost, stream: 'stdout' | 'stderr', text: string) => void;
}

/** The definitions could not be loaded: the worker must not start. */
export class HostRefused extends Error {
  readonly faults: RefusedBody;
  constructor(faults: RefusedBody) {
    super(faults.map(({ file, why }) => `${file}: ${why}`).join('; '));
    this.faults = faults;
  }
}

/** One process that calls handlers, one at a time, as the worker sees it. */
export class HandlerHost {
  readonly #options: HandlerHostOptions;
  readonly #run: ProgramRun;
  readonly #reader = new FrameReader(MAX_HOST_FRAME_BYTES);
  readonly #ready = Promise.withResolvers<readonly HandlerInfo[]>();
  readonly #ended = Promise.withResolvers<ProgramEnd | Error>();
  readonly #timer: NodeJS.Timeout;
  #socket: Socket | undefined;
  #loading = 'its own code';
  #stderr = '';
  #isReady = false;
  #pid: number | undefined;
  #isOver = false;
  #isEnding = false;
  /** What it was sent last, to send it only when it changes. */
  env: Readonly<Record<string, string>> | undefined;
  calls = 0;
  /** Why the worker killed it. */
  killedFor: string | undefined;

  constructor(options: HandlerHostOptions) {
    this.#options = options;
    const { runner, tasksDir, memoryMiB } = options;
    const settings: HostSettings = {
      tasksDir,
      memoryMiB,
      ...(IS_CHECKOUT && existsSync(CACHE) && { compileCache: CACHE }),
    };
    const listening = listenForHost(options.channelDir);
    this.#run = runner.run({
      runId: 'handlers',
      program: {
        argv: [
          process.execPath,
          `--max-old-space-size=${memoryMiB}`,
          '--disable-warning=ExperimentalWarning',
          ...(IS_CHECKOUT ? ['--conditions=checkout'] : []),
          ENTRY,
          JSON.stringify(settings),
        ],
      },
      env: options.env,
      onOutput: (stream, text) => {
        if (!this.#isReady) this.#stderr = (this.#stderr + text).slice(-2000);
        options.onRawOutput(this, stream, text);
      },
      channel: listening.path,
    });
    this.#timer = setTimeout(() => {
      this.#refuse('did not finish loading within 30 s');
      this.kill();
    }, START_MS);
    this.#ready.promise.catch(() => {}); // who needs it awaits it
    const talked = listening.connected.then((socket) => this.#listen(socket));
    void this.#run.done
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
      .then(async (end) => {
        listening.close();
        await Promise.race([talked, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
        this.#end(end);
      });
  }

  /** Resolves with what it can call; rejects with HostRefused, or with SpawnerDied. */
  get ready(): Promise<readonly HandlerInfo[]> {
    return this.#ready.promise;
  }

  /** Resolves when the process and its group are gone: with its end, or with why that is not known. */
  get ended(): Promise<ProgramEnd | Error> {
    return this.#ended.promise;
  }

  /** Whether it may be given a call: one that was killed may have told its last result a moment before it is gone. */
  get isUsable(): boolean {
    return !this.#isOver && !this.#isEnding;
  }

  get pid(): number | undefined {
    return this.#isOver ? undefined : this.#pid;
  }

  send(kind: number, call: number, body: object): void {
    if (this.#socket?.writable) this.#socket.write(toFrame(kind, call, JSON.stringify(body)));
  }

  /** SIGTERM, for an idle one: a handler's module may close what it has open. */
  end(): void {
    this.#isEnding = true;
    this.#run.kill(END_GRACE_MS);
  }

  /** SIGKILL to its whole group. */
  kill(why?: string): void {
    this.#isEnding = true;
    this.killedFor ??= why;
    this.#run.kill(0);
  }

  /** @returns a promise of the end of the connection */
  #listen(socket: Socket): Promise<void> {
    this.#socket = socket;
    socket.on('error', () => {}); // it died while something was written to it: its end follows
    socket.on('data', (piece: Buffer) => {
      try {
        this.#reader.push(piece);
        for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#take(frame);
      } catch (error) {
        // Whatever runs in there has written to the connection itself.
        socket.destroy();
        this.kill(`it broke the connection to its worker: ${(error as Error).message}`);
      }
    });
    return new Promise((resolve) => socket.on('close', () => resolve()));
  }

  #take(frame: Frame): void {
    if (frame.kind === FromHost.loading) this.#loading = frame.body.toString();
    else if (frame.kind === FromHost.ready) {
      const { pid, handlers } = JSON.parse(frame.body.toString()) as ReadyBody;
      clearTimeout(this.#timer);
      this.#pid = pid;
      this.#isReady = true;
      this.#ready.resolve(handlers);
    } else if (frame.kind === FromHost.refused) {
      this.#ready.reject(new HostRefused(JSON.parse(frame.body.toString()) as RefusedBody));
    } else this.#options.onFrame(this, frame);
  }

  #end(end: ProgramEnd | Error): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    if (end instanceof Error) this.#ready.reject(end);
    else {
      const how = end.spawnError ?? `exit ${end.exitCode ?? end.signal}`;
      const said = this.#stderr.trim().split('\n').slice(-5).join('\n');
      this.#refuse(`its process ended while it was loaded (${how})${said && `: ${said}`}`);
    }
    this.#ended.resolve(end);
  }

  #refuse(why: string): void {
    this.#ready.reject(new HostRefused([{ file: this.#loading, why }]));
  }
}
