import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../src/core/schedule.ts';
import type { LaterMessage, Scheduler } from '../../src/core/scheduler.ts';
import { anyId } from './backend.ts';

/** What src/core and the API expect of a Scheduler, but for the firing itself. */
export function schedulerContract(open: () => Scheduler): void {
  const scheduleOf = (queue: string, name: string, more: Partial<Schedule> = {}): Schedule => ({
    ...{ queue, name, expression: 'rate(5 minutes)', timezone: 'Europe/Berlin', enabled: true },
    createdAt: 1_800_000_000_000,
    task: { command: 'echo <aws.scheduler.execution-id> "at":""', env: { A: 'ä"\\' }, tenant: 't' },
    ...more,
  });
  /** When it was made is for its keeper to say. */
  const plain = (schedule: Schedule | undefined) => {
    const { createdAt: _createdAt, ...rest } = schedule ?? scheduleOf('none', 'none');
    return JSON.parse(JSON.stringify(rest)) as object;
  };

  describe('a scheduler', () => {
    test('keeps a schedule as it is, until it is removed', async () => {
      const scheduler = open();
      const queue = anyId();
      const schedule = scheduleOf(queue, 'a', { startAt: 1_900_000_000_000, endAt: 1_900_000_060_000 });
      expect(await scheduler.read(queue, 'a')).toBeUndefined();
      expect(await scheduler.create(schedule)).toBeUndefined();
      expect(plain(await scheduler.read(queue, 'a'))).toEqual(plain(schedule));
      expect(await scheduler.remove(queue, 'a')).toBe(true);
      expect(await scheduler.remove(queue, 'a')).toBe(false);
      expect(await scheduler.read(queue, 'a')).toBeUndefined();
    });

    test('lets nobody take a name that is taken, and tells by whom', async () => {
      const scheduler = open();
      const queue = anyId();
      const first = scheduleOf(queue, 'a');
      await scheduler.create(first);
      const second = scheduleOf(queue, 'a', { task: { command: 'other' } });
      expect(plain(await scheduler.create(second))).toEqual(plain(first));
      expect(plain(await scheduler.read(queue, 'a'))).toEqual(plain(first));
    });

    test('replaces what is there, and makes nothing that is not', async () => {
      const scheduler = open();
      const queue = anyId();
      expect(await scheduler.replace(scheduleOf(queue, 'a'))).toBe(false);
      await scheduler.create(scheduleOf(queue, 'a'));
      const paused = scheduleOf(queue, 'a', { enabled: false, expression: 'cron(0 8 * * ? *)' });
      expect(await scheduler.replace(paused)).toBe(true);
      expect(plain(await scheduler.read(queue, 'a'))).toEqual(plain(paused));
    });

    test('lists those of a queue by name, page by page', async () => {
      const scheduler = open();
      const [queue, other] = [anyId(), anyId()];
      for (const name of ['c', 'a', 'b', 'a-1', 'd']) await scheduler.create(scheduleOf(queue, name));
      await scheduler.create(scheduleOf(other, 'x'));
      await scheduler.sendLater(laterOf(queue, anyId()));
      const names: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await scheduler.list(queue, 2, cursor);
        names.push(page.schedules.map(({ name }) => name));
        ({ cursor } = page);
      } while (cursor !== undefined);
      expect(names.flat()).toEqual(['a', 'a-1', 'b', 'c', 'd']);
      expect(Math.max(...names.map((page) => page.length))).toBe(2);
    });

    test('takes the message of a task again and again, and drops it once', async () => {
      const scheduler = open();
      const later = laterOf(anyId(), anyId());
      await scheduler.sendLater(later);
      await scheduler.sendLater(later);
      await scheduler.sendLater({ ...later, hash: 'other-content-of-it' });
      await scheduler.dropLater(later);
      await scheduler.dropLater(later);
    });
  });
}

function laterOf(queue: string, task: string): LaterMessage {
  return { queue, task, hash: 'h'.repeat(40), at: 1_900_000_000_000, message: { body: '{}', version: '2' } };
}
