import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { FrameWriter } from '../frame-writer.ts';
import { FrameReader, type Frame } from '../frames.ts';
import type { Launched } from '../launched.ts';
import type { SpawnerSettings, StartRequest } from '../protocol.ts';
import { removeRunFolder } from '../remove-folder.ts';
import { toArgv, toRunFolder } from '../run-folder.ts';
import type { Scratch } from '../scratch.ts';
import { StartedProgram } from './started-program.ts';
import { Ask, Tell, toStartBody } from './starter-protocol.ts';

const CHANNEL_FD = 3;

/** The spawner's side of the small native program that makes its processes; see starter.c. */
export class Starter {
  readonly #scratch: Scratch;
  readonly #child: ChildProcess;
  readonly #channel: FrameWriter;
  readonly #reader = new FrameReader();
  readonly #programs = new Map<number, StartedProgram>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #died = Promise.withResolvers<string>();
  #isClosing = false;

  /** @param path of the starter, built for this machine */
  constructor(path: string, scratch: Scratch, { root, orphanGraceMs, runAs }: SpawnerSettings) {
    this.#scratch = scratch;
    const owner = [runAs?.uid ?? -1, runAs?.gid ?? -1].map(String);
    // Its command line names the folder as the spawner's own does: whoever clears up after a death looks for that.
    this.#child = spawn(path, [JSON.stringify({ root }), ...owner, String(orphanGraceMs)], {
      cwd: '/',
      env: { PATH: process.env['PATH'] }, // a program of the same user can read its parent's environment
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    const channel = this.#child.stdio[CHANNEL_FD] as Socket;
    this.#channel = new FrameWriter(channel);
    channel.on('data', (piece: Buffer) => this.#take(piece));
    channel.on('error', () => {}); // written to one that died: `exit` follows
    this.#child.on('error', (error) => this.#end(error.message)); // it could not be started at all
    this.#child.on('exit', (code, signal) => this.#end(signal ?? `exit ${code}`));
    this.#ready.promise.catch(() => {}); // who waits is told
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it takes requests; rejects, with how it ended, if it never will. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves, with how, when it has ended. */
  get died(): Promise<string> {
    return this.#died.promise;
  }

  /** @throws for what no process can be given */
  launch(run: number, folderName: string, start: StartRequest): Launched {
    const folder = toRunFolder(this.#scratch.root, folderName);
    const body = toStartBody(start, folder);
    const program = new StartedProgram(toArgv(start.program)[0]!, {
      signal: (number) => this.#askByte(Ask.signal, run, number),
      pause: (stream) => this.#askByte(Ask.pause, run, stream),
      resume: (stream) => this.#askByte(Ask.resume, run, stream),
      stop: (stream) => this.#askByte(Ask.stop, run, stream),
      startAgain: () => {
        this.#scratch.restore();
        this.#channel.write(Ask.start, run, body);
      },
    });
    this.#programs.set(run, program);
    this.#channel.write(Ask.start, run, body);
    return {
      folder,
      stdout: program.outputs[0],
      stderr: program.outputs[1],
      started: program.started,
      ended: program.ended,
      tidy: async () => {
        if (!program.isTidied) await removeRunFolder(folder, this.#scratch.owner);
      },
    };
  }

  /** Whether it was told to end. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** It has died: kills what it has not reaped. */
  killOrphans(): void {
    for (const program of this.#programs.values()) program.killOrphan();
  }

  /** Lets it end, once no program of it lives. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#channel.end();
    await this.died;
  }

  #askByte(kind: number, run: number, value: number): void {
    this.#channel.write(kind, run, Buffer.of(value));
  }

  #take(piece: Buffer): void {
    this.#reader.push(piece);
    for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#handle(frame);
  }

  #handle({ kind, run, body }: Frame): void {
    if (kind === Tell.ready) return this.#ready.resolve();
    if (kind === Tell.untidy) return void this.#tidy(body.toString());
    const program = this.#programs.get(run);
    program?.take(kind, body);
    if (program?.isOver) this.#programs.delete(run);
  }

  /** Something was written to a folder after its program had ended, by what that left behind. */
  async #tidy(path: string): Promise<void> {
    const folder = toRunFolder(path, '');
    await removeRunFolder(folder, this.#scratch.owner).catch((error: unknown) => {
      process.stderr.write(`millrace spawner: ${path} could not be removed: ${String(error)}\n`);
    });
  }

  #end(how: string): void {
    this.#ready.reject(new Error(how));
    this.#died.resolve(how);
  }
}
