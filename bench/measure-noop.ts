import { LocalStack } from '../test/support/local-stack.ts';
import { watchPeakMemory } from './peak-memory.ts';

/** A line of NDJSON: next to nothing to do, in a process of its own or in a handler's. */
const TASKS = { command: '{"command": "true"}\n', handler: '{"handler": "hello", "args": {"name": "x"}}\n' };

/** Drains a durable local queue of no-op tasks with one worker process. */
export async function measureNoop(
  what: keyof typeof TASKS,
  slots: number,
  tasks: number,
): Promise<{ perSecond: number; workerMiB: number }> {
  const stack = await LocalStack.start();
  try {
    const loaded = await stack.cli(
      ['load', 'default', '-', '--format', 'ndjson', '--json'],
      TASKS[what].repeat(tasks),
    );
    if (loaded.code !== 0) throw new Error(`load exited ${loaded.code}: ${loaded.stderr}`);
    const worker = stack.startCli(['work', 'default', 'until-empty', '--slots', String(slots)]);
    const memory = watchPeakMemory(worker.pid);
    const code = await worker.exit;
    memory.stop();
    if (code !== 0) throw new Error(`the worker exited ${code}: ${worker.stderr()}`);
    const ends = worker
      .stdout()
      .split('\n')
      .filter((line) => line.includes('task SUCCEEDED'))
      .map((line) => (JSON.parse(line) as { time: number }).time);
    if (ends.length !== tasks) throw new Error(`expected ${tasks} ends, got ${ends.length}`);
    // From the first end to the last: start-up and the last look at an empty queue are not throughput.
    const seconds = (Math.max(...ends) - Math.min(...ends)) / 1000;
    return { perSecond: Math.round((tasks - 1) / seconds), workerMiB: memory.peakMiB() };
  } finally {
    await stack.remove();
  }
}
