import { describe, expect, it } from 'vitest';
import { makeLauncherHandler } from '../../functions/launcher/handler.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { FakeLauncher } from '../fakes/fake-launcher.ts';
import { interceptPorts, type Intercept } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { SCHEDULED_EVENT } from './events.ts';

const QUEUES = ['first', 'second'].map((name) => queueDefinitionSchema.parse({ name, tasksPerWorker: 1 }));

function makeFunction(intercept?: Intercept) {
  const { ports: plain, state } = makeMemoryPorts(QUEUES);
  const ports = intercept ? interceptPorts(plain, intercept) : plain;
  const launcher = new FakeLauncher();
  const handle = makeLauncherHandler({ ports, launcher });
  const send = (queue: string, count = 1) =>
    plain.messages.main(queue).send(Array.from({ length: count }, () => ({ body: 'echo' })));
  return { ports, state, launcher, handle, send };
}

describe('the launcher as a function', () => {
  it.each([
    ['an empty event', {}],
    ['an event of EventBridge as it is', SCHEDULED_EVENT],
  ])('each minute, on %s, sees to every queue', async (_, event) => {
    const { handle, send, launcher } = makeFunction();
    await send('first', 2);
    await send('second', 1);
    expect(await handle(event)).toEqual({
      launched: [
        { queue: 'first', started: 2, failures: [] },
        { queue: 'second', started: 1, failures: [] },
      ],
      chunksSent: 0,
      ledgersFolded: 0,
      messagesRenewed: 0,
    });
    expect(launcher.workers).toHaveLength(3);
  });

  it('each minute folds the ledgers of processes that have ended', async () => {
    const { handle, ports, state } = makeFunction();
    const totals = { SUCCEEDED: 2, FAILED: 0, CANCELLED: 0 };
    const at = state.now;
    await ports.ledgers.advance({ queue: 'second', ledger: 'L', from: 0, seq: 2, totals, batches: {}, at });
    state.now += 15 * 60_000;
    expect(await handle({})).toMatchObject({ ledgersFolded: 0 }); // it is closed first
    state.now += 2 * 60_000;
    expect(await handle({})).toMatchObject({ ledgersFolded: 1 });
    expect((await ports.ledgers.readFolded({ queue: 'second' }))?.totals).toEqual(totals);
  });

  it('each minute renews what a paused queue has held for long', async () => {
    const { handle, ports, state, send } = makeFunction();
    await send('second', 12);
    await ports.queues.setPaused('second', true);
    state.now += 8 * 86_400_000;
    expect(await handle({})).toMatchObject({ messagesRenewed: 12, launched: [{}, { started: 0 }] });
    expect(state.messages.get('second')?.map(({ sentAt }) => sentAt)).toEqual(Array(12).fill(state.now));
  });

  it('each minute sends the chunks that a loader left unsent', async () => {
    const { handle, ports, state } = makeFunction();
    const tasks = [{ line: 1, task: { command: 'true' } }];
    const row = {
      batch: 'b',
      chunk: 0,
      queue: 'second',
      hash: 'h',
      createdAt: state.now,
      sent: false,
      tasks,
    };
    await ports.batches.storeChunk(row);
    expect(await handle({})).toMatchObject({ chunksSent: 0 }); // its loader may still be at it
    state.now += 3 * 60_000;
    expect(await handle({})).toMatchObject({ chunksSent: 1 });
    expect(state.messages.get('second')).toHaveLength(1);
    expect(await handle({})).toMatchObject({
      chunksSent: 0,
      launched: [{}, { queue: 'second', started: 1 }],
    });
  });

  it('lets no queue keep the others from it, and fails in the end', async () => {
    const { handle, send, launcher, state } = makeFunction(async ({ name, args }, run) => {
      if (name === 'queues.readControl' && args[0] === 'first') throw new Error('throttled');
      return run();
    });
    await send('second');
    await expect(handle({})).rejects.toThrow('2 parts of the minute run failed');
    expect(launcher.workers).toHaveLength(1);
    expect(state.log).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'launching workers failed' }),
    );
  });

  it('fails when ECS starts none of the workers that a queue lacks, so that its alarm tells', async () => {
    const { handle, send, launcher } = makeFunction();
    await send('first');
    await send('second', 2);
    launcher.service = (order) =>
      order.queue === 'first'
        ? { started: [], failures: [{ reason: 'RESOURCE:ENI' }] }
        : launcher.partly(order, 1, 'RESOURCE:ENI'); // goes on with fewer
    const error = await handle({}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errors: [{ message: 'no worker could be started: RESOURCE:ENI' }] });
    expect(launcher.workers.map(({ queue }) => queue)).toEqual(['second']);
  });

  it('after an enqueue sees to that queue alone, also when SQS does not count its message yet', async () => {
    const { handle, send, launcher } = makeFunction();
    await send('first');
    expect(await handle({ queue: 'second', sent: 2 })).toEqual({ queue: 'second', started: 2, failures: [] });
    expect(launcher.workers.map(({ queue }) => queue)).toEqual(['second', 'second']);
  });

  it('carries out an order, once under the same key', async () => {
    const { handle, launcher } = makeFunction();
    const event = { queue: 'first', sent: 0, order: { count: 3, mode: 'forever', key: 'k' } };
    expect(await handle(event)).toEqual({ result: { queue: 'first', started: 3, failures: [] } });
    expect(await handle(event)).toEqual({ result: { queue: 'first', started: 3, failures: [] } });
    expect(launcher.workers).toHaveLength(3);
  });

  it('answers an order that it refuses, for the API to pass on', async () => {
    const { handle, ports } = makeFunction();
    await ports.queues.setPaused('first', true);
    const answer = await handle({ queue: 'first', order: { count: 1, mode: 'once' } });
    expect(answer).toMatchObject({
      refused: { code: 'wrong_state', hint: expect.stringContaining('resume') as string },
    });
  });

  it.each([
    [{ queue: 'third' }, 'There is no queue named'],
    [{ order: { count: 1, mode: 'once' } }, 'expected a queue with an order'],
    [{ queue: 'first', order: { count: 1000, mode: 'once' } }, 'order'],
    [{ queue: 'first', sent: -1 }, 'sent'],
  ])('rejects %j', async (event, message) => {
    await expect(makeFunction().handle(event)).rejects.toThrow(message);
  });
});
