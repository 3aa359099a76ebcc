import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** How to run the command line of this installation: the program and the arguments before the command's own. */
export interface CommandLine {
  readonly program: string;
  readonly args: readonly string[];
}

export interface WorkerChildrenOptions {
  readonly commandLine: CommandLine;
  readonly dataDir: string;
  readonly slots: number;
  readonly workersPerQueue: number;
  /** Asked now and then: queues come and go. */
  readonly queues: () => Promise<readonly string[]>;
  /** A line of a worker's log: JSON. Absent: the logs go to this process's stderr as they are. */
  readonly onLog?: ((line: string) => void) | undefined;
}

const LOOK_MS = 2000;
const RESTART_MS = 1000;

/** What would have a worker of this stack work for another one. */
const NAMES_OF_OTHERS = {
  MILLRACE_STACK: undefined,
  MILLRACE_TABLE: undefined,
  AWS_ENDPOINT_URL: undefined,
  AWS_ENDPOINT_URL_SQS: undefined,
  AWS_ENDPOINT_URL_DYNAMODB: undefined,
};

/**
 * Keeps workers running for every queue, each a process of its own. A worker that dies is started again. They
 * hold a channel to this process and stop by themselves when it is gone.
 */
export function startWorkerChildren(options: WorkerChildrenOptions): { close(): Promise<void> } {
  const children = new Map<string, ChildProcess>();
  let isClosing = false;
  const start = (name: string, queue: string): void => {
    const { program, args } = options.commandLine;
    const child = spawn(program, [...args, 'work', queue, 'forever', '--slots', String(options.slots)], {
      stdio: ['ignore', options.onLog ? 'pipe' : 2, 'inherit', 'ipc'],
      env: { ...process.env, ...NAMES_OF_OTHERS, MILLRACE_DATA: options.dataDir },
    });
    children.set(name, child);
    if (child.stdout && options.onLog) createInterface({ input: child.stdout }).on('line', options.onLog);
    const restart = (): void => {
      if (children.get(name) === child) setTimeout(() => children.delete(name), RESTART_MS).unref();
    };
    child.once('exit', restart);
    child.once('error', restart);
  };
  const look = async (): Promise<void> => {
    const queues = await options.queues();
    if (isClosing) return;
    for (const queue of queues) {
      for (let number = 0; number < options.workersPerQueue; number += 1) {
        const name = `${queue}/${number}`;
        if (!children.has(name)) start(name, queue);
      }
    }
    for (const [name, child] of children) {
      const isGone = !queues.some((queue) => name.startsWith(`${queue}/`));
      if (isGone && child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    }
  };
  let looking = look().catch(() => {});
  const timer = setInterval(() => {
    looking = looking.then(look).catch(() => {}); // the stack is busy or stopping: the next look comes soon
  }, LOOK_MS);

  return {
    async close() {
      isClosing = true;
      clearInterval(timer);
      await looking;
      const ending = [...children.values()].filter(
        (child) => child.exitCode === null && child.signalCode === null,
      );
      await Promise.all(
        ending.map(async (child) => {
          const exit = once(child, 'exit');
          child.kill('SIGTERM');
          await exit;
        }),
      );
    },
  };
}
