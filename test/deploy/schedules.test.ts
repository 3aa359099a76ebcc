import { ListSchedulesCommand, GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { SendMessageCommand, SQSClient, type SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { TaskList } from '../../src/core/list-tasks.ts';
import type { ScheduleView } from '../../src/core/schedule.ts';
import type { TaskView } from '../../src/core/task-view.ts';
import { REGION } from '../support/ministack.ts';
import { endAll } from '../support/processes.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { StackUser } from '../support/stack-user.ts';

/**
 * Schedules of a deployed stack, as far as MiniStack goes: it keeps them, under the function's own rights. It knows no
 * universal target and fills in no time, so what a schedule would send is sent by hand.
 */
describe('the schedules of a deployed stack', () => {
  const deployed = inject('deployed');
  const config = { endpoint: deployed.endpoint, region: REGION, credentials: ROOT_KEY };
  const scheduler = new SchedulerClient(config);
  const sqs = new SQSClient(config);
  const SCHEDULES = '/v1/queues/schedules/schedules';
  let user: StackUser;

  beforeAll(async () => {
    user = await StackUser.open(deployed);
  });
  afterEach(endAll);
  afterAll(async () => {
    scheduler.destroy();
    sqs.destroy();
    await user?.close();
  });

  /** What EventBridge Scheduler has under a name that begins or ends so. */
  async function find(part: string) {
    const { Schedules: all = [] } = await scheduler.send(new ListSchedulesCommand({}));
    const [found] = all.filter(({ Name: name = '' }) => name.startsWith(part) || name.endsWith(part));
    if (!found) return undefined;
    const { Name, GroupName } = found;
    return scheduler.send(new GetScheduleCommand({ Name, GroupName }));
  }
  /** Sends what a schedule would send at a time, as the universal target does: its Input is the request. */
  async function fire(name: string, change: (input: string) => string): Promise<void> {
    const request = change((await find(name))?.Target?.Input ?? '');
    await sqs.send(new SendMessageCommand(JSON.parse(request) as SendMessageCommandInput));
  }

  test('are made, listed, paused, resumed and removed over the API', async () => {
    const spec = {
      name: 'a',
      expression: 'cron(0 2 * * ? *)',
      timezone: 'Europe/Berlin',
      task: { command: 'true' },
    };
    expect(await user.post(SCHEDULES, spec)).toMatchObject({ status: 201 });
    expect(await user.post(SCHEDULES, spec)).toMatchObject({ status: 200 });
    const other = { ...spec, task: { command: 'false' } };
    expect(await user.post(SCHEDULES, other)).toMatchObject({ status: 409 });
    expect(await user.post(`${SCHEDULES}?replace=true`, other)).toMatchObject({ status: 200 });
    const { schedules } = (await user.send(SCHEDULES)).json<{ schedules: ScheduleView[] }>();
    expect(schedules).toMatchObject([{ ...other, enabled: true }]);
    await user.post(`${SCHEDULES}/a/pause`, {});
    expect((await find('.a'))?.State).toBe('DISABLED');
    await user.post(`${SCHEDULES}/a/resume`, {});
    expect(await find('.a')).toMatchObject({
      State: 'ENABLED',
      GroupName: expect.not.stringMatching(/^default$/) as string,
      Target: { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage' },
    });
    expect(await user.send(`${SCHEDULES}/a`, { method: 'DELETE' })).toMatchObject({ status: 200 });
    expect(await find('.a')).toBeUndefined();
  });

  test('send what a worker runs, once for each time, however often it is sent', async () => {
    const spec = {
      name: 'tick',
      expression: 'rate(5 minutes)',
      task: { command: 'echo "<aws.scheduler.x>"' },
    };
    await user.post(SCHEDULES, spec);
    for (const time of ['2026-11-25T08:00:00Z', '2026-11-25T08:00:00Z', '2026-11-25T08:05:00Z']) {
      const today = time.replace('2026-11-25', new Date().toISOString().slice(0, 10));
      await fire('.tick', (input) => input.replaceAll('<aws.scheduler.scheduled-time>', today));
    }
    await user.work('schedules');
    const { tasks } = (await user.send('/v1/queues/schedules/tasks?state=SUCCEEDED')).json<TaskList>();
    expect(tasks.map(({ createdAt }) => createdAt.slice(11)).sort()).toEqual([
      '08:00:00.000Z',
      '08:05:00.000Z',
    ]);
    expect(new Set(tasks.map(({ stdout }) => stdout))).toEqual(new Set(['<aws.scheduler.x>\n']));
  });

  test('hold a task that is delayed for long; cancelled, it is gone, and a late message runs nothing', async () => {
    const send = () =>
      user.post(
        '/v1/queues/schedules/tasks',
        { command: 'true', delaySeconds: 86_400 },
        { 'idempotency-key': 'l' },
      );
    const task = (await send()).json<TaskView>();
    expect((await send()).json<TaskView>().id).toBe(task.id);
    expect(task).toMatchObject({ state: 'PENDING' });
    const kept = await find(`t.${task.id}`);
    const due = Math.ceil(Date.parse(task.notBefore ?? '') / 1000) * 1000;
    expect(kept).toMatchObject({
      ScheduleExpression: `at(${new Date(due).toISOString().slice(0, 19)})`,
      ActionAfterCompletion: 'DELETE',
    });
    // As when it is sent at the moment of the cancel, and the day is over.
    await fire(`t.${task.id}`, (input) => input.replace(/notBefore\\":\d+/, 'notBefore\\":0'));
    const cancelled = await user.post(`/v1/tasks/${task.id}/cancel`, {});
    expect(cancelled.json<TaskView>()).toMatchObject({ state: 'CANCELLED' });
    expect(await find(`t.${task.id}`)).toBeUndefined();
    await user.work('schedules');
    expect((await user.send(`/v1/tasks/${task.id}`)).json<TaskView>()).toMatchObject({
      state: 'CANCELLED',
      attempt: 0,
    });
  });
});
