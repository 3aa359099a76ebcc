import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIN, run, start, until, type Started } from './processes.ts';

interface Ready {
  readonly ready: true;
  readonly api: string;
  readonly sqs: string;
  readonly dynamodb: string;
  readonly queues: Readonly<Record<string, string>>;
  readonly data: string | null;
}

/** A local stack in a process and a folder of its own. */
export class LocalStack {
  readonly home: string;
  readonly data: string;
  readonly ready: Ready;
  readonly process: Started;

  private constructor(home: string, ready: Ready, process: Started) {
    this.home = home;
    this.data = join(home, 'data');
    this.ready = ready;
    this.process = process;
  }

  /** @param home of an earlier stack, to go on with its data */
  static async start(args: readonly string[] = [], home?: string): Promise<LocalStack> {
    // A second start in a folder takes the ports of the first.
    const ports = home === undefined ? ['--port', '0', '--sqs-port', '0', '--dynamodb-port', '0'] : [];
    home ??= await mkdtemp(join(tmpdir(), 'millrace-test-'));
    const process = start(globalThis.process.execPath, [BIN, 'local', '--json', ...ports, ...args], {
      cwd: home,
      env: cleanEnv(join(home, 'data')),
    });
    const line = await until('the stack to be ready', () => {
      if (process.child.exitCode !== null) throw new Error(`the stack ended: ${process.stderr()}`);
      return process.stdout().includes('\n') && process.stdout().split('\n')[0];
    });
    return new LocalStack(home, JSON.parse(line) as Ready, process);
  }

  /** Runs the command line against this stack. */
  cli(args: readonly string[], input?: string) {
    return run(process.execPath, [BIN, ...args], {
      cwd: this.home,
      env: cleanEnv(this.data),
      ...(input !== undefined && { input }),
    });
  }

  /** Starts the command line against this stack, and goes on. */
  startCli(args: readonly string[]): Started {
    return start(process.execPath, [BIN, ...args], { cwd: this.home, env: cleanEnv(this.data) });
  }

  async json<T>(args: readonly string[], input?: string): Promise<T> {
    const { code, stdout, stderr } = await this.cli([...args, '--json'], input);
    if (stdout === '') throw new Error(`millrace ${args.join(' ')} exited ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** A request with the stack's key; `headers` go before it. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = new URL(this.ready.api);
    const authorization = `Basic ${btoa(`${url.username}:${url.password}`)}`;
    return fetch(`${url.origin}${path}`, { ...init, headers: { authorization, ...init.headers } });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | string> {
    this.process.child.kill(signal);
    return this.process.exit;
  }

  async remove(): Promise<void> {
    if (this.process.child.exitCode === null) await this.kill();
    await rm(this.home, { recursive: true, force: true });
  }
}

/** Nothing of the machine's own AWS or Millrace settings reaches a test. */
export function cleanEnv(data: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(AWS_|MILLRACE_|ECS_|NODE_OPTIONS|VITEST)/.test(name)) env[name] = value;
  }
  const nowhere = '/nowhere/aws';
  return {
    ...env,
    MILLRACE_DATA: data,
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
