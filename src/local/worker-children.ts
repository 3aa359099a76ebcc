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
  /** Folder of their handlers; absent: they find it themselves. */
  readonly tasksDir?: string | undefined;
  /** Asked now and then: queues come and go. */
  readonly queues: () => Promise<readonly string[]>;
  /** When aborted, workers that are stopping hand back at once. */
  readonly force?: AbortSignal | undefined;
  /** A line of a worker's log: JSON. Absent: the logs go to this process's stderr as they are. */
  readonly onLog?: ((line: string) => void) | undefined;
}

const LOOK_MS = 2000;
const RESTART_MS = 1000;
/** What a worker exits with whose handlers cannot be loaded: it says so, and somebody must mend them first. */
const MISCONFIGURED = 2;
const MENDED_MS = 15_000;

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
 * hold a channel to this process and stop by themselves when it is gone. A Ctrl-C reaches this process alone:
 * from the terminal and from here it would be two, and the second takes away the grace of what runs.
 */
export function startWorkerChildren(options: WorkerChildrenOptions): { close(): Promise<void> } {
  const { tasksDir } = options;
  const children = new Map<string, ChildProcess>();
  let isClosing = false;
  const start = (name: string, queue: string): void => {
    const { program, args } = options.commandLine;
    const flags = [
      '--slots',
      String(options.slots),
      ...(tasksDir === undefined ? [] : ['--tasks', tasksDir]),
    ];
    const child = spawn(program, [...args, 'work', queue, 'forever', ...flags], {
      stdio: ['ignore', options.onLog ? 'pipe' : 2, 'inherit', 'ipc'],
      env: { ...process.env, ...NAMES_OF_OTHERS, MILLRACE_DATA: options.dataDir },
      detached: true,
    });
    children.set(name, child);
    if (child.stdout && options.onLog) createInterface({ input: child.stdout }).on('line', options.onLog);
    const restart = (): void => {
      if (children.get(name) !== child) return;
      const waitMs = child.exitCode === MISCONFIGURED ? MENDED_MS : RESTART_MS;
      setTimeout(() => children.delete(name), waitMs).unref();
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
      // Once: a second signal would take their grace from what still runs.
      if (isGone && !child.killed && child.exitCode === null && child.signalCode === null)
        child.kill('SIGTERM');
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
        (child) => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
      );
      const ask = (): void => ending.forEach((child) => child.kill('SIGTERM'));
      const exits = ending.map((child) => once(child, 'exit'));
      ask();
      if (options.force?.aborted) ask();
      options.force?.addEventListener('abort', ask, { once: true });
      await Promise.all(exits);
    },
  };
}
