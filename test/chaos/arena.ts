import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceClient } from '../../src/client/millrace-client.ts';
import { cleanEnv, LocalStack } from '../support/local-stack.ts';
import { endAll, until } from '../support/processes.ts';
import { livingOf } from './machine.ts';
import { MANY_ATTEMPTS } from './task-kinds.ts';
import { PROGRAM } from './task-program.ts';

export const QUEUE = 'chaos';

/** How long the client goes on while the stack is away, in ms: a start takes seconds on a busy machine. */
const PATIENCE_MS = 120_000;

/** The stack that is under fire, and the folder where everything of a run lies. */
export class Arena {
  readonly home: string;
  readonly client: MillraceClient;
  readonly script: string;
  #stack: LocalStack;
  #isUp = true;
  #restarting: Promise<void> = Promise.resolve();
  #exits: string[] = [];

  private constructor(stack: LocalStack, signal: AbortSignal) {
    this.#stack = stack;
    this.home = stack.home;
    this.script = join(stack.home, 'tasks', 'task.sh');
    this.client = new MillraceClient(stack.ready.api, { patienceMs: PATIENCE_MS, signal });
  }

  static async open(leaseSeconds: number, signal: AbortSignal): Promise<Arena> {
    const arena = new Arena(await LocalStack.start(), signal);
    await mkdir(arena.path('tasks', 'diary'), { recursive: true });
    await mkdir(arena.path('scratch'));
    await mkdir(arena.path('logs'));
    await writeFile(arena.script, PROGRAM);
    const settings = ['--lease', String(leaseSeconds), '--max-attempts', String(MANY_ATTEMPTS)];
    const added = await arena.#stack.cli(['queue', 'add', QUEUE, ...settings]);
    if (added.code !== 0) throw new Error(`the queue could not be added: ${added.stderr}`);
    return arena;
  }

  path(...names: string[]): string {
    return join(this.home, ...names);
  }

  /** For processes of this run: their scratch folders lie in its folder, which makes them known. */
  get env(): NodeJS.ProcessEnv {
    return { ...cleanEnv(this.path('data')), TMPDIR: this.path('scratch') };
  }

  get sqs(): { endpoint: string; key: string; url: string } {
    const { sqs, api, queues } = this.#stack.ready;
    const url = (queues['default'] ?? '').replace(/default$/, QUEUE);
    return { endpoint: sqs, key: new URL(api).password, url };
  }

  /** Whether the stack is there, as far as this process knows. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves when no start is under way. */
  async up(): Promise<void> {
    await this.#restarting.catch(() => {}); // whoever restarted it tells of that
  }

  /** `kill -9`, and a new start on the same data and the same ports. One at a time. */
  restart(): Promise<void> {
    this.#restarting = this.#restarting.then(async () => {
      const { api } = this.#stack.ready;
      this.#isUp = false;
      await this.#noteOutput();
      await this.#stack.kill('SIGKILL');
      this.#stack = await LocalStack.start([], this.home);
      if (this.#stack.ready.api !== api) throw new Error('the stack came back at another address');
      this.#isUp = true;
    });
    return this.#restarting;
  }

  /** In order. @returns its exit code */
  async stop(): Promise<number | string> {
    const exit = await this.#stack.kill('SIGTERM');
    await this.#noteOutput();
    return exit;
  }

  /** Ends whatever of this run still lives, and waits for it. */
  async clear(): Promise<void> {
    await this.#restarting.catch(() => {}); // a start that failed has left nothing
    await this.#noteOutput();
    await endAll();
    await until('the end of all processes', () => livingOf(this.home).length === 0, 30_000);
  }

  /** What the stacks had to say, one after the other. */
  async #noteOutput(): Promise<void> {
    this.#exits.push(this.#stack.process.stderr());
    await writeFile(this.path('logs', 'stack.log'), this.#exits.join('\n--- the next start ---\n'));
  }
}
