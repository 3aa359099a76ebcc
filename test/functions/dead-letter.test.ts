import { describe, expect, it } from 'vitest';
import { makeDeadLetterHandler } from '../../functions/dead-letter/handler.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import type { ReceivedMessage } from '../../src/core/ports.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { makeSettlers } from '../../src/core/settlers.ts';
import { parseTaskSpec } from '../../src/core/task-spec.ts';
import { interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { claimNext } from '../fakes/memory-worker.ts';
import { sqsEvent } from './events.ts';

const DEAD = 'mill-default-dead';
const MINUTES = 60_000;

function makeFunction() {
  const { ports, state } = makeMemoryPorts();
  const judge = makeDeadLetterHandler({ ports, settlerOf: makeSettlers(ports), prefix: 'mill-' });
  const worker = {
    ports,
    definition: DEFAULT_QUEUE,
    worker: 'worker-1',
    settler: new Settler(ports, 'default', 90_000),
  };
  /** A task whose message has been received, as it then stands in the dead-letter queue. */
  const claimed = async (maxAttempts = 3): Promise<ReceivedMessage> => {
    const spec = parseTaskSpec({ command: 'true', maxAttempts }, false);
    await enqueueTask(ports, DEFAULT_QUEUE, spec);
    const next = await claimNext(worker);
    if (!next) throw new Error('expected a message');
    state.messages.set('default', []); // SQS has moved it
    return next.received;
  };
  const idsOf = ({ batchItemFailures }: Awaited<ReturnType<typeof judge>>) =>
    batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return { ports, state, judge, claimed, idsOf };
}

describe('the judge of dead letters', () => {
  it('leaves the message of a live lease where it is, and lets its neighbours go', async () => {
    const { state, judge, claimed, idsOf } = makeFunction();
    const dead = await claimed();
    state.now += 3 * MINUTES;
    const alive = await claimed();
    expect(idsOf(await judge(sqsEvent(DEAD, [alive, dead])))).toEqual([alive.messageId]);
    expect(state.messages.get('default')).toHaveLength(1); // a fresh copy of the one that had attempts left
    expect(state.messages.get('default')?.[0]).toMatchObject({ version: dead.version });
  });

  it('records the end of a task whose last worker died, and counts it', async () => {
    const { state, judge, claimed, idsOf } = makeFunction();
    const dead = await claimed(1);
    state.now += 3 * MINUTES;
    expect(idsOf(await judge(sqsEvent(DEAD, [dead])))).toEqual([]);
    const [row] = state.tasks.values();
    expect(row).toMatchObject({ state: 'FAILED', reason: 'lost', failures: 1 });
    expect([...state.ledgers.values()].map(({ totals }) => totals.FAILED)).toEqual([1]);
    expect(state.log).toContainEqual({
      level: 'info',
      fields: { taskId: row?.id, queue: 'default', reason: 'lost' },
      message: 'task FAILED without a run', // what the stack's metric filter counts
    });
    expect(idsOf(await judge(sqsEvent(DEAD, [dead])))).toEqual([]); // delivered twice
    expect([...state.ledgers.values()].map(({ totals }) => totals.FAILED)).toEqual([1]);
  });

  it('sends a raw message that nobody ever claimed back to its queue, as it was', async () => {
    const { state, judge, idsOf } = makeFunction();
    const raw = {
      messageId: 'raw-1',
      receipt: 'r',
      body: 'echo hi',
      version: undefined,
      sentAt: state.now,
      tenant: 'ann',
    };
    expect(idsOf(await judge(sqsEvent(DEAD, [raw])))).toEqual([]);
    expect(state.messages.get('default')?.[0]).toMatchObject({ tenant: 'ann' });
    expect(state.messages.get('default')?.[0]?.body).toContain('raw-1'); // the task keeps its id
  });

  it('keeps a message of a newer version, and one that it cannot judge now, without failing the others', async () => {
    const { ports, state, claimed, idsOf } = makeFunction();
    const [broken, fine] = [await claimed(), await claimed()];
    state.now += 3 * MINUTES;
    const flaky = interceptPorts(ports, async ({ name, args }, run) => {
      if (name === 'tasks.read' && args[0] === [...state.tasks.keys()][0]) throw new Error('throttled');
      return run();
    });
    const judge = makeDeadLetterHandler({ ports: flaky, settlerOf: makeSettlers(flaky), prefix: 'mill-' });
    const newer = { ...fine, messageId: 'newer', version: '99' };
    expect(idsOf(await judge(sqsEvent(DEAD, [broken, newer, fine])))).toEqual([broken.messageId, 'newer']);
    expect(state.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('keeps what comes from a queue that is none of the stack’s', async () => {
    const { judge, claimed } = makeFunction();
    const message = await claimed();
    await expect(judge(sqsEvent('other-default-dead', [message]))).rejects.toThrow('none of 1 dead letters');
  });

  it('fails when it can judge none, so that its alarm tells: they stay all the same', async () => {
    const { ports, claimed, state } = makeFunction();
    const messages = [await claimed(), await claimed()];
    const down = interceptPorts(ports, async ({ name }, run) => {
      if (name === 'tasks.read') throw new Error('AccessDenied');
      return run();
    });
    const judge = makeDeadLetterHandler({ ports: down, settlerOf: makeSettlers(down), prefix: 'mill-' });
    const error = await judge(sqsEvent(DEAD, messages)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errors: [{ message: 'AccessDenied' }, { message: 'AccessDenied' }] });
    expect(state.log.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('rejects what is no event of SQS, so that Lambda tries again', async () => {
    await expect(makeFunction().judge({ Records: [{ body: 'x' }] })).rejects.toThrow();
  });
});
