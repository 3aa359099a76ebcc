import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { emulatedEnv } from './cdk.ts';
import type { EmulatedStack } from './emulated-deployment.ts';
import { BIN, run, start, until, type Started } from './processes.ts';
import { pythonTools } from './python-tools.ts';
import { ROOT_KEY, sendSigned, type Answer, type AwsKey, type SignedRequest } from './signed-request.ts';

/** Somebody with a key for a deployed stack: signed requests, the two command lines, a worker of their own. */
export class StackUser {
  readonly stack: EmulatedStack;
  readonly key: AwsKey;
  readonly home: string;

  private constructor(stack: EmulatedStack, key: AwsKey, home: string) {
    this.stack = stack;
    this.key = key;
    this.home = home;
  }

  static async open(stack: EmulatedStack, key: AwsKey = ROOT_KEY): Promise<StackUser> {
    return new StackUser(stack, key, await mkdtemp(join(tmpdir(), 'millrace-user-')));
  }

  /** A signed request to the API of the stack. */
  send(path: string, request: Omit<SignedRequest, 'url'> = {}): Promise<Answer> {
    return sendSigned({ key: this.key, ...request, url: `${this.stack.outputs.ApiUrl}${path}` });
  }

  post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async enqueue(queue: string, task: object): Promise<TaskView> {
    const answer = await this.post(`/v1/queues/${queue}/tasks`, task);
    expect(answer.status, answer.text).toBe(201);
    return answer.json<TaskView>();
  }

  async ended(id: string): Promise<TaskView> {
    return until(`the end of ${id}`, async () => {
      const answer = await this.send(`/v1/tasks/${id}?wait=5`);
      expect(answer.status, answer.text).toBe(200);
      const task = answer.json<TaskView>();
      return ['SUCCEEDED', 'FAILED', 'CANCELLED'].includes(task.state) && task;
    });
  }

  /** The `millrace` command. */
  cli(...args: string[]) {
    return run(process.execPath, [BIN, ...args], { cwd: this.home, env: this.#env() });
  }

  /** The AWS command line; version 1 takes the endpoint of SQS from its flag alone. */
  async aws(...args: string[]): Promise<string> {
    const python = join(await pythonTools(), 'python'); // not `aws`: that names the folder where it was installed
    const command = ['-m', 'awscli', '--endpoint-url', this.stack.endpoint, ...args];
    const { code, stdout, stderr } = await run(python, command, { env: this.#env() });
    if (code !== 0) throw new Error(`aws ${args.join(' ')} exited ${code}: ${stderr}`);
    return stdout;
  }

  /** A worker as a process of this machine, told and entitled as its container is. */
  startWorker(queue: string, mode: string, ...args: string[]): Started {
    const { context, outputs, endpoint } = this.stack;
    return start(process.execPath, [BIN, 'work', queue, mode, ...args], {
      cwd: this.home,
      env: {
        ...emulatedEnv(endpoint, context.workerKey),
        TMPDIR: this.home, // its scratch
        MILLRACE_TABLE: outputs.TableName,
        MILLRACE_QUEUES: outputs['Queues'],
        MILLRACE_QUEUE_PREFIX: `${context.stack}-`,
      },
    });
  }

  /** Runs one to its end, which has to be a good one. */
  async work(queue: string, mode = 'until-empty', ...args: string[]): Promise<void> {
    const worker = this.startWorker(queue, mode, ...args);
    expect(await worker.exit, worker.stdout() + worker.stderr()).toBe(0);
  }

  close(): Promise<void> {
    return rm(this.home, { recursive: true, force: true });
  }

  #env(): NodeJS.ProcessEnv {
    const { endpoint, context } = this.stack;
    return {
      ...emulatedEnv(endpoint, this.key),
      MILLRACE_STACK: context.stack,
      XDG_CACHE_HOME: this.home,
      HOME: this.home,
      TMPDIR: this.home,
    };
  }
}
