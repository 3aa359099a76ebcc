import type { Timer, TimerStore } from '../../src/core/timer.ts';
import { stored } from './memory-tasks.ts';

/** Timers in memory, by `<queue>/<id>`. */
export function makeMemoryTimers(timers: Map<string, Timer>): TimerStore {
  const keyOf = (queue: string, id: string) => `${queue}/${id}`;
  return {
    read: async (queue, id) => timers.get(keyOf(queue, id)),
    put: async (timer, revision) => {
      const key = keyOf(timer.queue, timer.id);
      if ((timers.get(key)?.revision ?? 0) !== revision) return false;
      timers.set(key, stored(timer));
      return true;
    },
    remove: async (queue, id, revision) => {
      if (timers.get(keyOf(queue, id))?.revision !== revision) return false;
      return timers.delete(keyOf(queue, id));
    },
    list: async (queue, prefix, limit, after = '') => {
      const all = [...timers.values()]
        .filter((timer) => timer.queue === queue && timer.id.startsWith(prefix) && timer.id > after)
        .sort((a, b) => (a.id < b.id ? -1 : 1));
      return { timers: all.slice(0, limit), more: all.length > limit };
    },
    due: async (by, limit) =>
      [...timers.values()]
        .filter(({ due }) => due !== undefined && due <= by)
        .sort((a, b) => (a.due ?? 0) - (b.due ?? 0))
        .slice(0, limit)
        .map(({ queue, id }) => ({ queue, id })),
  };
}
