import { readExpression } from '../api/schedule-expression.ts';
import type { Ports } from '../core/ports.ts';
import { firingMessage } from '../core/firing.ts';
import type { Schedule } from '../core/schedule.ts';
import type { Timer, TimerStore } from '../core/timer.ts';

const AT_ONCE = 100;

type FiringPorts = Pick<Ports, 'messages' | 'clock' | 'digest' | 'log'>;

/**
 * Sends what is due: the message first, then the timer is moved on, or removed. A crash between sends the message
 * again; it has the same id then, and its task exists once. However many firings of a schedule were missed while
 * the stack was down, the latest of them is made up for, and no other.
 * @returns how many messages were sent
 */
export async function fireDue(ports: FiringPorts, timers: TimerStore): Promise<number> {
  let sent = 0;
  for (const { queue, id } of await timers.due(ports.clock(), AT_ONCE)) {
    try {
      const timer = await timers.read(queue, id);
      if (!timer || timer.due === undefined || timer.due > ports.clock()) continue; // changed meanwhile
      if ('later' in timer.what) {
        await ports.messages.main(queue).send([timer.what.later.message]);
        await timers.remove(queue, id, timer.revision);
      } else await fireSchedule(ports, timers, timer, timer.what.schedule, timer.due);
      sent += 1;
    } catch (error) {
      // One that fails, as when its queue was removed just now, keeps no other.
      ports.log.warn({ err: error, queue, timer: id }, 'could not send what is due; trying again');
    }
  }
  return sent;
}

async function fireSchedule(
  ports: FiringPorts,
  timers: TimerStore,
  timer: Timer,
  schedule: Schedule,
  due: number,
): Promise<void> {
  const { queue, id, revision } = timer;
  const now = ports.clock();
  const firings = readExpression(schedule);
  const at = Math.max(due, firings.upTo(now) ?? due);
  await ports.messages.main(queue).send([firingMessage(ports.digest, schedule, new Date(at).toISOString())]);
  const next = firings.after(at);
  if (next === undefined) await timers.remove(queue, id, revision);
  else await timers.put({ ...timer, due: next, revision: revision + 1 }, revision);
}
