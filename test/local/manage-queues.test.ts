import { expect, test } from 'vitest';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { fireDue } from '../../src/local/fire-due.ts';
import { assertNothingWaits } from '../../src/local/manage-queues.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { makeMemoryTimers } from '../fakes/memory-timers.ts';

const QUEUE = DEFAULT_QUEUE.name;

test.each(['timers', 'messages'])(
  'a queue with a delayed task is not removed when its message is sent between the looks, before that at the %s',
  async (look) => {
    const { ports, state } = makeMemoryPorts();
    const timers = makeMemoryTimers(state.timers);
    await enqueueTask(ports, DEFAULT_QUEUE, { command: 'true', delaySeconds: 3600 });
    state.now += 3_600_000;
    const fire = async () => expect(await fireDue(ports, timers)).toBe(1);
    const main = ports.messages.main(QUEUE);
    const list: typeof timers.list = async (...query) => {
      if (look === 'timers') await fire();
      return timers.list(...query);
    };
    const counts = async () => {
      const before = await main.counts();
      if (look === 'messages') await fire();
      return before;
    };
    await expect(assertNothingWaits(QUEUE, { list }, { counts })).rejects.toMatchObject({
      code: 'wrong_state',
    });
  },
);

test('an empty queue may be removed', async () => {
  const { ports, state } = makeMemoryPorts();
  const timers = makeMemoryTimers(state.timers);
  await expect(assertNothingWaits(QUEUE, timers, ports.messages.main(QUEUE))).resolves.toBeUndefined();
});
