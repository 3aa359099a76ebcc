import type { TaskView } from '../src/core/task-view.ts';
import { LocalStack } from '../test/support/local-stack.ts';
import { until } from '../test/support/processes.ts';

/** From the enqueue of a task to its start by a worker that waits for it, in ms. */
export async function measurePickup(count: number): Promise<{ p50: number; p99: number }> {
  const stack = await LocalStack.start();
  try {
    const worker = stack.startCli(['work', 'default', 'forever']);
    await until('the worker to start', () => worker.stdout().includes('worker started'));
    const latencies: number[] = [];
    for (let number = 0; number < count; number += 1) {
      const created = await stack.fetch('/v1/queues/default/tasks', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ argv: ['true'] }),
      });
      const { id } = (await created.json()) as TaskView;
      const task = (await (await stack.fetch(`/v1/tasks/${id}?wait=20`)).json()) as TaskView;
      latencies.push(Date.parse(task.startedAt ?? '') - Date.parse(task.createdAt));
    }
    latencies.sort((a, b) => a - b);
    const at = (quantile: number): number =>
      latencies[Math.min(count - 1, Math.floor(count * quantile))] ?? NaN;
    return { p50: at(0.5), p99: at(0.99) };
  } finally {
    await stack.remove();
  }
}
