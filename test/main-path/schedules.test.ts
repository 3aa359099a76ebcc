import { afterEach, describe, expect, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { makeTimerStore } from '../../src/aws/dynamo-timer-store.ts';
import { DEFAULT_TABLE_NAME, makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import type { TaskList } from '../../src/core/list-tasks.ts';
import type { ScheduleView } from '../../src/core/schedule.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, until } from '../support/processes.ts';

/** Schedules and long delays on a real stack. Nobody waits for a minute: a rate fires at once, and delays are shortened. */
describe('the local scheduler', () => {
  const stacks: LocalStack[] = [];
  const startStack = async (args: readonly string[] = [], home?: string): Promise<LocalStack> => {
    const stack = await LocalStack.start(args, home);
    stacks.push(stack);
    return stack;
  };
  afterEach(async () => {
    await endAll();
    for (const stack of stacks.splice(0)) await stack.remove();
  });

  const tasks = async (stack: LocalStack, state: string) =>
    (await stack.json<TaskList>(['peek', 'default', state, '10'])).tasks;

  /** As if so many seconds had passed since the tasks were delayed: in their timers, messages and rows. */
  async function shortenDelays({ ready }: LocalStack, seconds: number): Promise<void> {
    const key = new URL(ready.api).password;
    const clients = makeAwsClients({ dynamodb: ready.dynamodb, sqs: ready.sqs, region: 'us-east-1', key });
    const timers = makeTimerStore({
      json: clients.dynamodbJson,
      calls: clients.calls,
      name: DEFAULT_TABLE_NAME,
    });
    const { tasks: rows } = makeAwsPorts(clients, DEFAULT_TABLE_NAME, makeMemoryPorts().ports.log);
    for (const timer of (await timers.list('default', '', 100)).timers) {
      if (!('later' in timer.what)) continue;
      const { later } = timer.what;
      const envelope = JSON.parse(later.message.body) as { notBefore: number };
      const notBefore = envelope.notBefore - seconds * 1000;
      const message = { ...later.message, body: JSON.stringify({ ...envelope, notBefore }) };
      // The order matters to the loop of the stack: the timer, which makes it due, comes last.
      await rows.change({ id: later.task, event: 'claim', guard: {}, set: {} });
      await rows.change({ id: later.task, event: 'handBack', guard: {}, set: { notBefore } });
      const due = (timer.due ?? 0) - seconds * 1000;
      const next = { ...timer, due, revision: timer.revision + 1, what: { later: { ...later, message } } };
      expect(await timers.put(next, timer.revision)).toBe(true);
    }
    clients.close();
  }

  test('runs a task of a schedule once for each time that it fires', async () => {
    const stack = await startStack(['--workers', '1']);
    const made = await stack.json<ScheduleView>([
      'schedule',
      'add',
      'default',
      'tick',
      'rate(1 hour)',
      'echo tick',
    ]);
    expect(made).toMatchObject({ name: 'tick', enabled: true, task: { command: 'echo tick' } });
    const [task] = await until('its first task', async () => {
      const ended = await tasks(stack, 'succeeded');
      return ended.length > 0 && ended;
    });
    expect(task).toMatchObject({
      stdout: 'tick\n',
      attempt: 1,
      createdAt: made.createdAt,
    });
    expect((await stack.cli(['schedule', 'list'])).stdout).toContain('rate(1 hour)');
    expect((await stack.cli(['schedule', 'remove', 'default', 'tick'])).code).toBe(0);
    expect((await stack.cli(['schedule', 'show', 'default', 'tick'])).code).toBe(4);
  });

  test('runs a task that waits for long once, though the stack is killed before it is due and while it is', async () => {
    const first = await startStack();
    const id = (await first.cli(['create', 'default', 'echo late', '--delay', '86400'])).stdout.trim();
    expect(await first.json<TaskView>(['status', id])).toMatchObject({ state: 'PENDING' });
    await first.kill();
    const second = await startStack([], first.home);
    await shortenDelays(second, 86_400);
    await second.kill(); // with the message sent, or not yet
    const third = await startStack(['--workers', '1'], first.home);
    expect(await third.json<TaskView>(['wait', id])).toMatchObject({ state: 'SUCCEEDED', stdout: 'late\n' });
    await until('nothing is left of it', async () => {
      const { pending, running } = await third.json<{ pending: number; running: number }>([
        'progress',
        'default',
      ]);
      return pending + running === 0;
    });
    expect(await tasks(third, 'all')).toHaveLength(1);
    expect(await third.json<TaskView>(['status', id])).toMatchObject({ attempt: 1 });
  });

  test('keeps a queue whose schedules nobody has given up', async () => {
    const stack = await startStack();
    await stack.cli(['queue', 'add', 'other']);
    await stack.cli(['schedule', 'add', 'other', 'a', 'at(2099-01-01T00:00:00)', 'true']);
    expect(await stack.cli(['queue', 'remove', 'other'])).toMatchObject({ code: 6 });
    expect(await stack.cli(['queue', 'remove', 'other', '--force'])).toMatchObject({ code: 0 });
  });
});
