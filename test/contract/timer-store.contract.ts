import { describe, expect, test } from 'vitest';
import type { Timer, TimerStore } from '../../src/core/timer.ts';
import { anyId } from './backend.ts';

/** What src/local expects of a TimerStore. */
export function timerStoreContract(open: () => TimerStore): void {
  const timerOf = (queue: string, id: string, due: number | undefined, revision = 1): Timer => ({
    ...{ queue, id, due, revision },
    what: {
      later: { queue, task: id, hash: 'h', at: due ?? 0, message: { body: `{"of":"${id}"}`, version: '2' } },
    },
  });

  describe('a timer store', () => {
    test('writes only over what was read', async () => {
      const store = open();
      const queue = anyId();
      expect(await store.put(timerOf(queue, 'a', 5), 0)).toBe(true);
      expect(await store.put(timerOf(queue, 'a', 6), 0)).toBe(false);
      expect(await store.put(timerOf(queue, 'a', 7, 2), 1)).toBe(true);
      expect(await store.put(timerOf(queue, 'a', 8, 2), 1)).toBe(false);
      expect(await store.read(queue, 'a')).toEqual(timerOf(queue, 'a', 7, 2));
      expect(await store.remove(queue, 'a', 1)).toBe(false);
      expect(await store.remove(queue, 'a', 2)).toBe(true);
      expect(await store.remove(queue, 'a', 2)).toBe(false);
      expect(await store.put(timerOf(queue, 'a', 9, 3), 2)).toBe(false); // what is gone is not written over
      expect(await store.read(queue, 'a')).toBeUndefined();
    });

    test('tells what is due of all queues, the earliest first, and nothing that is paused', async () => {
      const store = open();
      const [one, other] = [anyId(), anyId()];
      await store.put(timerOf(one, 'late', 2000), 0);
      await store.put(timerOf(other, 'early', 999), 0);
      await store.put(timerOf(one, 'paused', undefined), 0);
      await store.put(timerOf(one, 'never', 2001), 0);
      const due = async (by: number) =>
        (await store.due(by, 100)).filter(({ queue }) => queue === one || queue === other);
      expect(await due(998)).toEqual([]);
      expect(await due(2000)).toEqual([
        { queue: other, id: 'early' },
        { queue: one, id: 'late' },
      ]);
      await store.put(timerOf(other, 'early', 3000, 2), 1);
      await store.put({ ...timerOf(one, 'late', undefined, 2) }, 1);
      expect(await due(2000)).toEqual([]);
      expect((await store.due(4000, 1)).length).toBe(1);
    });

    test('lists by id, page by page', async () => {
      const store = open();
      const queue = anyId();
      for (const id of ['x#3', 'x#1', 'y#1', 'x#2']) await store.put(timerOf(queue, id, undefined), 0);
      const first = await store.list(queue, 'x#', 2);
      expect([first.timers.map(({ id }) => id), first.more]).toEqual([['x#1', 'x#2'], true]);
      const second = await store.list(queue, 'x#', 2, 'x#2');
      expect([second.timers.map(({ id }) => id), second.more]).toEqual([['x#3'], false]);
      expect((await store.list(queue, '', 10)).timers).toHaveLength(4);
    });
  });
}
