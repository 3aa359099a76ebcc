import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeEventBridgeScheduler } from '../../src/aws/eventbridge-scheduler.ts';
import { parseSchedulerConfig } from '../../src/aws/scheduler-config.ts';
import { MAX_SCHEDULE_INPUT_BYTES } from '../../src/core/limits.ts';
import type { Schedule } from '../../src/core/schedule.ts';
import { FakeEventBridge, invalid } from '../fakes/fake-eventbridge.ts';

const NOW = Date.UTC(2026, 10, 25);
const config = { group: 'g', roleArn: 'role', deadLetterArn: 'dead' };
const schedule: Schedule = {
  ...{
    queue: 'default',
    name: 'n'.repeat(50),
    expression: 'rate(5 minutes)',
    timezone: 'UTC',
    enabled: true,
  },
  ...{ createdAt: NOW, task: { command: 'true', tenant: 'acme' } },
};

function makeWorld() {
  const eventBridge = new FakeEventBridge(() => NOW);
  const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 40);
  const scheduler = makeEventBridgeScheduler(
    eventBridge.client,
    config,
    async (queue) => `url/${queue}`,
    digest,
  );
  const only = () => {
    const [kept] = eventBridge.schedules.values();
    if (!kept) throw new Error('no schedule');
    return { kept, input: JSON.parse(kept.Target?.Input ?? '{}') as Record<string, unknown> };
  };
  return { eventBridge, scheduler, only };
}

describe('a schedule in EventBridge', () => {
  it('sends an envelope with its version, and the time that the scheduler fills in', async () => {
    const { scheduler, only } = makeWorld();
    await scheduler.create(schedule);
    const { kept, input } = only();
    expect(kept).toMatchObject({
      GroupName: 'g',
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage',
        RoleArn: 'role',
        DeadLetterConfig: { Arn: 'dead' },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400 },
      },
    });
    expect(input).toMatchObject({
      QueueUrl: 'url/default',
      MessageGroupId: 'acme',
      MessageAttributes: { millrace: { DataType: 'String', StringValue: '2' } },
    });
    expect(JSON.parse(String(input['MessageBody']))).toMatchObject({
      at: '<aws.scheduler.scheduled-time>',
      content: { task: schedule.task },
    });
  });

  it('lets nothing that a caller wrote be taken for a keyword of the scheduler', async () => {
    const { scheduler, only } = makeWorld();
    const command = 'echo <aws.scheduler.execution-id> \'"at":""\' <aws.scheduler.scheduled-time>';
    await scheduler.create({ ...schedule, task: { command } });
    const { kept, input } = only();
    expect(kept.Target?.Input?.match(/<aws\.scheduler\.[a-z-]+>/g)).toEqual([
      '<aws.scheduler.scheduled-time>',
    ]);
    expect(JSON.parse(String(input['MessageBody']))).toMatchObject({ content: { task: { command } } });
  });

  it('of one task is named by id and content, fires at the second after, and goes by itself', async () => {
    const { eventBridge, scheduler } = makeWorld();
    const later = {
      ...{ queue: 'default', task: `k-${'a'.repeat(32)}`, hash: 'h'.repeat(40), at: NOW + 1001 },
      message: { body: '{"id":"t"}', version: '2' },
    };
    await scheduler.sendLater(later);
    await scheduler.sendLater(later);
    await scheduler.sendLater({ ...later, hash: 'x'.repeat(40) });
    expect([...eventBridge.schedules.keys()]).toHaveLength(2);
    const [kept] = eventBridge.schedules.values();
    expect(kept).toMatchObject({
      ScheduleExpression: 'at(2026-11-25T00:00:02)',
      ActionAfterCompletion: 'DELETE',
    });
  });

  it('of the longest body that it says to hold fits, however it is escaped', async () => {
    const { scheduler, only } = makeWorld();
    const body = JSON.stringify({ x: '"'.repeat((scheduler.maxBodyBytes - 8) / 2) });
    await scheduler.sendLater({ queue: 'q', task: 't', hash: 'h', at: NOW, message: { body, version: '2' } });
    expect(body.length).toBeLessThanOrEqual(scheduler.maxBodyBytes);
    expect(only().kept.Target?.Input?.length).toBeLessThanOrEqual(MAX_SCHEDULE_INPUT_BYTES);
  });

  it('that EventBridge refuses is told in its words; other failures as they are', async () => {
    const { eventBridge, scheduler } = makeWorld();
    eventBridge.failures.push(
      invalid('Invalid Schedule Expression'),
      new Error('throttled'),
      invalid('token'),
    );
    await expect(scheduler.create(schedule)).rejects.toMatchObject({
      code: 'invalid_schedule',
      message: expect.stringContaining('Invalid Schedule Expression') as string,
    });
    await expect(scheduler.create(schedule)).rejects.toThrow('throttled');
    await expect(scheduler.list('default', 10, 'nonsense')).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('MILLRACE_SCHEDULER', () => {
  it('is read, or refused by its name', () => {
    expect(parseSchedulerConfig(JSON.stringify(config))).toEqual(config);
    for (const text of ['', '{}', '{"group":""}', 'x'])
      expect(() => parseSchedulerConfig(text)).toThrow('MILLRACE_SCHEDULER');
  });
});
