import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { connectDockerEngine, type DockerEngine } from '../support/docker-engine.ts';
import { EcsWorkers } from '../support/ecs-workers.ts';
import { until } from '../support/processes.ts';
import { StackUser } from '../support/stack-user.ts';

/** Containers that the stack starts itself: the launcher's RunTask, the image's own worker. */
describe('workers that the stack launches', () => {
  const stack = inject('launching');
  let engine: DockerEngine;
  let user: StackUser;
  let workers: EcsWorkers;

  beforeAll(async () => {
    engine = connectDockerEngine(inject('dockerSocket'));
    user = await StackUser.open(stack);
    workers = new EcsWorkers(stack, engine);
  });
  afterAll(async () => {
    workers?.close();
    await user?.close();
    await engine?.stop();
  });

  test('drain a queue and exit with 0, without anybody asking for them', async () => {
    const begin = performance.now();
    const first = await user.enqueue('drained', { command: 'echo from a container' });
    expect(await user.ended(first.id)).toMatchObject({ state: 'SUCCEEDED', stdout: 'from a container\n' });
    process.stdout.write(`enqueue to end, container started: ${Math.round(performance.now() - begin)} ms\n`);
    expect(await workers.exitCodes('drained', 1)).toEqual([0]);
    const lines = Array.from({ length: 40 }, (_, i) => `echo ${i}`).join('\n');
    const headers = { 'content-type': 'text/plain' };
    const answer = await user.send('/v1/queues/drained/batches', { method: 'POST', headers, body: lines });
    const { id } = answer.json<{ id: string }>();
    await until(
      'the batch to end',
      async () => (await user.send(`/v1/batches/${id}`)).json<{ succeeded: number }>().succeeded === 40,
      120_000,
    );
    expect(await workers.exitCodes('drained', 2)).toEqual([0, 0]);
    expect(await workers.containers('drained')).toEqual([]);
  });

  test('hand back what they run when they are stopped, and another finishes it', async () => {
    // One attempt: a hand-back that counted as a failure would be the end of the task.
    const task = await user.enqueue('stopped', {
      command: 'if [ "$MILLRACE_ATTEMPT" = 1 ]; then sleep 600; else echo finished; fi',
      maxAttempts: 1,
    });
    await order('stopped', 1);
    await until('the task to run', async () => {
      const answer = await user.send(`/v1/tasks/${task.id}`);
      return answer.json<TaskView>().state === 'RUNNING';
    });
    const [container = ''] = await workers.containers('stopped');
    const begin = performance.now();
    await engine.docker('stop', '-t', '60', container);
    process.stdout.write(`docker stop, grace of 2 s: ${Math.round(performance.now() - begin)} ms\n`);
    expect(performance.now() - begin).toBeLessThan(30_000);
    expect(await workers.exitCodes('stopped', 1)).toEqual([0]);
    expect((await user.send(`/v1/tasks/${task.id}`)).json<TaskView>()).toMatchObject({ state: 'PENDING' });
    await order('stopped', 1);
    expect(await user.ended(task.id)).toMatchObject({ state: 'SUCCEEDED', attempt: 2, stdout: 'finished\n' });
    expect(await workers.exitCodes('stopped', 2)).toEqual([0, 0]);
  });

  test('share a queue, five of them, and leave nothing running', async () => {
    const lines = Array.from({ length: 100 }, () => 'sleep 0.3').join('\n');
    const headers = { 'content-type': 'text/plain' };
    await user.send('/v1/queues/shared/batches', { method: 'POST', headers, body: lines });
    const begin = performance.now();
    await order('shared', 5);
    expect(await workers.exitCodes('shared', 5)).toEqual([0, 0, 0, 0, 0]);
    const ms = Math.round(performance.now() - begin);
    const list = (await user.send('/v1/queues/shared/tasks?limit=200')).json<{ tasks: TaskView[] }>().tasks;
    const shares = new Map<string | undefined, number>();
    for (const { state, worker } of list) {
      expect(state).toBe('SUCCEEDED');
      shares.set(worker, (shares.get(worker) ?? 0) + 1);
    }
    const counts = [...shares.values()].sort((a, b) => b - a);
    process.stdout.write(`100 tasks of 0.3 s, five containers: ${counts.join(' ')} in ${ms} ms\n`);
    expect(list).toHaveLength(100);
    expect(counts).toHaveLength(5);
    expect(Math.max(...counts)).toBeLessThanOrEqual(40);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(5);
    expect(await workers.containers('shared')).toEqual([]);
  });

  async function order(queue: string, count: number): Promise<void> {
    const { code, stdout, stderr } = await user.cli(
      'workers',
      queue,
      '--count',
      String(count),
      '--until-empty',
    );
    expect(code, stdout + stderr).toBe(0);
  }
});
