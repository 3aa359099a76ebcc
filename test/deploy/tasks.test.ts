import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskView } from '../../src/core/task-view.ts';
import { endAll, until } from '../support/processes.ts';
import { StackUser } from '../support/stack-user.ts';

/** The main path over what `cdk deploy` made: API Gateway, its function, the queue, the table, a worker. */
describe('a deployed stack', () => {
  const deployed = inject('deployed');
  let user: StackUser;

  beforeAll(async () => {
    user = await StackUser.open(deployed);
  });
  afterEach(endAll);
  afterAll(() => user?.close());

  test('runs a task that was enqueued over its API, and tells of its end', async () => {
    const task = await user.enqueue('default', { command: 'echo done; echo note >&2' });
    expect(task).toMatchObject({ queue: 'default', state: 'PENDING' });
    await user.work('default');
    expect(await user.ended(task.id)).toMatchObject({
      id: task.id,
      state: 'SUCCEEDED',
      attempt: 1,
      exitCode: 0,
      stdout: 'done\n',
      stderr: 'note\n',
    });
  });

  test('holds the answer of a reader until the task has ended', async () => {
    const task = await user.enqueue('default', { command: 'sleep 1; echo late' });
    const worker = user.startWorker('default', 'until-empty');
    const answer = await user.send(`/v1/tasks/${task.id}?wait=20`);
    expect(answer.json<TaskView>()).toMatchObject({ state: 'SUCCEEDED', stdout: 'late\n' });
    expect(await worker.exit).toBe(0);
  });

  test('retries a task that fails, and keeps how it ended', async () => {
    const task = await user.enqueue('default', { command: 'exit 3', maxAttempts: 2 });
    await user.work('default');
    expect(await user.ended(task.id)).toMatchObject({
      state: 'FAILED',
      reason: 'exit',
      exitCode: 3,
      attempt: 2,
    });
  });

  test('calls a named handler, and fails one that is called with what does not fit', async () => {
    const sum = await user.enqueue('default', {
      handler: 'delayed_add',
      args: { x: 4, y: 10, seconds: 0.1 },
    });
    const wrong = await user.enqueue('default', { handler: 'delayed_add', args: { x: 'four' } });
    await user.work('default');
    expect(await user.ended(sum.id)).toMatchObject({ state: 'SUCCEEDED', result: 14 });
    expect(await user.ended(wrong.id)).toMatchObject({ state: 'FAILED', reason: 'invalid', attempt: 1 });
  });

  test('makes one task of a request that is sent twice under one key', async () => {
    const send = () =>
      user.post('/v1/queues/default/tasks', { command: 'echo once' }, { 'idempotency-key': 'k-1' });
    const [first, second] = [await send(), await send()];
    expect(second.json<TaskView>().id).toBe(first.json<TaskView>().id);
    const other = await user.post(
      '/v1/queues/default/tasks',
      { command: 'echo other' },
      { 'idempotency-key': 'k-1' },
    );
    expect(other.status).toBe(409);
    await user.work('default');
    expect(await user.ended(first.json<TaskView>().id)).toMatchObject({ state: 'SUCCEEDED', attempt: 1 });
  });

  test('cancels a task that waits, and one that runs', async () => {
    const [waiting, running] = [
      await user.enqueue('default', { command: 'echo never', delaySeconds: 600 }),
      await user.enqueue('default', { command: 'sleep 300' }),
    ];
    expect((await user.post(`/v1/tasks/${waiting.id}/cancel`, {})).status).toBe(200);
    expect(await user.ended(waiting.id)).toMatchObject({ state: 'CANCELLED' });
    const worker = user.startWorker('default', 'forever');
    await until('the task to run', async () => {
      const answer = await user.send(`/v1/tasks/${running.id}`);
      return answer.json<TaskView>().state === 'RUNNING';
    });
    await user.post(`/v1/tasks/${running.id}/cancel`, {});
    expect(await user.ended(running.id)).toMatchObject({ state: 'CANCELLED' });
    worker.child.kill('SIGTERM');
    expect(await worker.exit).toBe(0);
  });

  test('says that it is well, and describes itself', async () => {
    expect((await user.send('/healthz')).json()).toMatchObject({ status: 'ok' });
    expect((await user.send('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
  });
});
