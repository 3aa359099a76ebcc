import { describe, expect, it } from 'vitest';
import { claimTask } from '../../src/core/claim.ts';
import { enqueueChunk, sendUnsentChunks } from '../../src/core/enqueue-batch.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { parseMessage } from '../../src/core/envelope.ts';
import { UNSENT_CHUNK_AGE_MS } from '../../src/core/limits.ts';
import { queueDefinitionSchema } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { claimNext } from '../fakes/memory-worker.ts';

const QUEUE = queueDefinitionSchema.parse({ name: 'default', leaseSeconds: 60, maxAttempts: 3 });

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts([QUEUE]);
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  const claimant = {
    ports: plain,
    definition: QUEUE,
    worker: 'w1',
    settler: new Settler(plain, 'default', 90_000),
  };
  const sent = () =>
    (state.messages.get('default') ?? []).map(({ body }) => (JSON.parse(body) as { id: string }).id);
  return { ports, state, faults, claimant, sent };
}

const chunkOf = (chunk: number, commands: readonly string[], more: object = {}) => ({
  batch: 'b',
  chunk,
  queue: 'default',
  tasks: commands.map((command, i) => ({ line: i + 1, task: { command } })),
  ...more,
});

describe('enqueueTask', () => {
  it('sends the message before it makes the row: a crash between loses nothing', async () => {
    const { ports, state, faults, claimant } = makeWorld();
    faults.plan('tasks.change', 'before');
    await expect(enqueueTask(ports, QUEUE, { command: 'true' })).rejects.toThrow('no answer');
    expect(state.tasks.size).toBe(0);
    expect((await claimNext(claimant))?.claim).toMatchObject({
      kind: 'run',
      row: { program: { command: 'true' } },
    });
  });

  it('makes no row of a message that was not sent', async () => {
    const { ports, state, faults } = makeWorld();
    faults.plan('main.send', 'before');
    await expect(enqueueTask(ports, QUEUE, { command: 'true' })).rejects.toThrow();
    expect(state.tasks.size).toBe(0);
  });

  it('says that it made the task even when a worker has been faster than its row', async () => {
    const { ports: plain, state, claimant } = makeWorld();
    const ports = interceptPorts(plain, async (call, run) => {
      if (call.name === 'tasks.change') await claimNext(claimant);
      return run();
    });
    const { row, created } = await enqueueTask(ports, QUEUE, { command: 'true' }, 'key');
    expect({ created, state: row.state }).toEqual({ created: true, state: 'RUNNING' });
    expect(state.tasks.size).toBe(1);
  });

  it('lets one content win when two race for a key, and the message of the other is deleted', async () => {
    const { ports, claimant, state } = makeWorld();
    const answers = await Promise.allSettled([
      enqueueTask(ports, QUEUE, { command: 'one' }, 'key'),
      enqueueTask(ports, QUEUE, { command: 'two' }, 'key'),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const claims = [await claimNext(claimant), await claimNext(claimant)].map((next) => next?.claim.kind);
    expect(claims.sort()).toEqual(['delete', 'run']);
    expect(state.tasks.size).toBe(1);
  });

  it('keeps the long program of the request that won a key, not of the one that lost it', async () => {
    const { ports: plain, state } = makeWorld();
    const long = (letter: string) => ({ command: letter.repeat(1000) });
    let isOvertaken = false;
    const ports = interceptPorts(plain, async (call, run) => {
      const answer = await run();
      if (call.name === 'tasks.read' && !isOvertaken) {
        isOvertaken = true;
        await enqueueTask(plain, QUEUE, long('a'), 'key');
      }
      return answer;
    });
    await expect(enqueueTask(ports, QUEUE, long('b'), 'key')).rejects.toThrow('idempotency key');
    expect([...state.payloads.values()]).toEqual([JSON.stringify({ task: long('a') })]);
  });

  it('keeps what does not fit a message beside the row, where its worker finds it', async () => {
    const { ports, claimant } = makeWorld();
    const input = '"'.repeat(600_000); // escaped, it outgrows a message
    await enqueueTask(ports, QUEUE, { command: 'cat', input });
    const next = await claimNext(claimant);
    expect(next?.received.body.length).toBeLessThan(1000);
    expect(next?.claim.kind === 'run' && next.claim.message.spec.input).toBe(input);
  });
});

describe('enqueueChunk', () => {
  const steps = ['batches.storeChunk', 'batches.replace', 'main.send', 'batches.markSent'];

  it.each(steps.flatMap((step) => (['before', 'after'] as const).map((fault) => [step, fault] as const)))(
    'sent again after %s was lost (%s it was carried out) loses nothing and counts nothing twice',
    async (step, fault) => {
      const { ports, state, faults, sent } = makeWorld();
      faults.plan(step, fault);
      await expect(enqueueChunk(ports, chunkOf(0, ['a', 'b']))).rejects.toThrow('no answer');
      await enqueueChunk(ports, chunkOf(0, ['a', 'b']));
      expect(state.batches.get('b')).toMatchObject({ total: 2, upTo: 1 });
      expect(new Set(sent())).toEqual(new Set(['b.0.1', 'b.0.2']));
      expect(state.chunks.get('b/0')?.sent).toBe(true);
      expect(state.tasks.size).toBe(0);
    },
  );

  it('that was sent already sends nothing again', async () => {
    const { ports, sent } = makeWorld();
    for (let i = 0; i < 3; i += 1) await enqueueChunk(ports, chunkOf(0, ['a']));
    expect(sent()).toEqual(['b.0.1']);
  });

  it('makes messages that stay the same however late the chunk is sent again', async () => {
    const { ports, state, faults } = makeWorld();
    faults.plan('batches.markSent', 'before');
    await expect(enqueueChunk(ports, chunkOf(0, ['a']))).rejects.toThrow();
    state.now += 60_000;
    await enqueueChunk(ports, chunkOf(0, ['a']));
    const [first, second] = state.messages.get('default') ?? [];
    expect(second?.body).toBe(first?.body);
  });

  it.each([
    ['another command', chunkOf(0, ['a', 'c'])],
    [
      'another line',
      {
        ...chunkOf(0, ['a', 'b']),
        tasks: [
          { line: 2, task: { command: 'a' } },
          { line: 3, task: { command: 'b' } },
        ],
      },
    ],
    ['one line less', chunkOf(0, ['a'])],
    ['another queue', { ...chunkOf(0, ['a', 'b']), queue: 'other' }],
    ['another upload around it', chunkOf(0, ['a', 'b'], { upload: 'digest-2' })],
  ])('of the same number with %s is a conflict, and changes nothing', async (_what, other) => {
    const { ports, state, sent } = makeWorld();
    await enqueueChunk(ports, chunkOf(0, ['a', 'b'], { upload: 'digest-1' }));
    const before = structuredClone([state.chunks, state.batches]);
    await expect(enqueueChunk(ports, other)).rejects.toMatchObject({ code: 'content_conflict' });
    expect([state.chunks, state.batches]).toEqual(before);
    expect(sent()).toHaveLength(2);
  });

  it('counts chunks that come in at the same time', async () => {
    const { ports, state } = makeWorld();
    await Promise.all(Array.from({ length: 12 }, (_, i) => enqueueChunk(ports, chunkOf(i, ['a', 'b', 'c']))));
    expect(state.batches.get('b')).toMatchObject({ total: 36, upTo: 12, ahead: [] });
  });

  it('gives each task its own hash, by which its message is known again', async () => {
    const { ports, state, claimant } = makeWorld();
    await enqueueChunk(ports, chunkOf(0, ['a']));
    const [message] = state.messages.get('default') ?? [];
    const parsed = parseMessage(
      { body: message?.body ?? '', messageId: 'm', version: message?.version, sentAt: 0 },
      { name: 'default', hasProgram: false },
      ports.digest,
    );
    if (parsed.kind !== 'task') throw new Error('no task');
    const control = await ports.queues.readControl('default');
    expect((await claimTask(claimant, parsed, control)).kind).toBe('run');
    const forged = { ...parsed, hash: 'other' };
    expect((await claimTask(claimant, forged, control)).kind).toBe('delete');
  });
});

describe('sendUnsentChunks', () => {
  it('sends what its sender has left behind, once it is old enough', async () => {
    const { ports, state, faults, sent } = makeWorld();
    faults.plan('batches.replace', 'before');
    await expect(enqueueChunk(ports, chunkOf(0, ['a', 'b']))).rejects.toThrow();
    state.now += UNSENT_CHUNK_AGE_MS;
    expect(await sendUnsentChunks(ports, 'default')).toBe(0);
    state.now += 1;
    expect(await sendUnsentChunks(ports, 'default')).toBe(1);
    expect(sent()).toEqual(['b.0.1', 'b.0.2']);
    expect(state.batches.get('b')?.total).toBe(2);
    expect(await sendUnsentChunks(ports, 'default')).toBe(0);
  });

  it('sends the others when one cannot be sent', async () => {
    const { ports, state, faults, sent } = makeWorld();
    faults.plan('batches.replace', 'before', 'before');
    for (const chunk of [0, 1]) {
      await expect(enqueueChunk(ports, chunkOf(chunk, ['a']))).rejects.toThrow();
    }
    state.now += UNSENT_CHUNK_AGE_MS + 1;
    faults.plan('batches.replace', 'before');
    expect(await sendUnsentChunks(ports, 'default')).toBe(1);
    expect(sent()).toEqual(['b.1.1']);
    expect(await sendUnsentChunks(ports, 'default')).toBe(1);
  });

  it('asks SQS for no longer delay than it takes, though the chunk was stored by a clock ahead of this one', async () => {
    const { ports, state, faults } = makeWorld();
    faults.plan('main.send', 'before');
    const chunk = { ...chunkOf(0, []), tasks: [{ line: 1, task: { command: 'a', delaySeconds: 900 } }] };
    await expect(enqueueChunk(ports, chunk)).rejects.toThrow();
    state.now -= 5000;
    await enqueueChunk(ports, chunk);
    expect(state.messages.get('default')?.map(({ delaySeconds }) => delaySeconds)).toEqual([900]);
  });
});
