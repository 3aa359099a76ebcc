import { describe, expect, test } from 'vitest';
import { foldLedgers } from '../../src/core/fold-ledgers.ts';
import { readBatchProgress, readQueueProgress } from '../../src/core/progress.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { Settler } from '../../src/core/settle.ts';
import type { Ports } from '../../src/core/ports.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';

const QUARTER_HOUR = 900_000;

/** A process that ends some tasks of a batch, counts them, and is gone. */
async function comeAndGo(ports: Ports, name: string, ends: number): Promise<void> {
  const settler = new Settler(ports, 'default', 90_000);
  for (let n = 1; n <= ends; n += 1) {
    await settler.end({
      id: `batch.0.${name}${n}`,
      event: 'cancel',
      from: ['none'],
      guard: {},
      set: { queue: 'default', endedAt: ports.clock() },
    });
  }
  await settler.flush();
}

describe('folding ledgers', () => {
  async function withProcesses(count: number, ends = 3) {
    const memory = makeMemoryPorts();
    await memory.ports.batches.replace(
      { id: 'batch', queue: 'default', createdAt: 0, total: count * ends, upTo: 1, ahead: [], revision: 1 },
      0,
    );
    for (let n = 1; n <= count; n += 1) await comeAndGo(memory.ports, String(n), ends);
    return memory;
  }
  async function foldAll(ports: Ports, state: { now: number }): Promise<number> {
    let folded = 0;
    for (let minute = 0; minute < 120; minute += 1) {
      state.now += QUARTER_HOUR;
      const now = await foldLedgers(ports, 'default');
      folded += now;
      if (minute > 2 && now === 0) break;
    }
    state.now += 2 * QUARTER_HOUR;
    await foldLedgers(ports, 'default');
    return folded;
  }

  test('keeps every count of the queue and of its batches', async () => {
    const { ports, state } = await withProcesses(40);
    const [queue, batch] = [
      await readQueueProgress(ports, DEFAULT_QUEUE),
      await readBatchProgress(ports, 'batch'),
    ];
    expect(queue.cancelled).toBe(120);
    expect(await foldAll(ports, state)).toBe(40);
    expect(await ports.ledgers.list('default')).toEqual([]);
    expect(await readQueueProgress(ports, DEFAULT_QUEUE)).toEqual(queue);
    expect(await readBatchProgress(ports, 'batch')).toEqual(batch);
  });

  test(
    'leaves progress to cost after ten thousand processes what it cost after ten',
    { timeout: 120_000 },
    async () => {
      const cost = async (count: number): Promise<number> => {
        const { ports, state } = await withProcesses(count, 1);
        await foldAll(ports, state);
        const plan = new FaultPlan();
        const counted = interceptPorts(ports, plan.intercept);
        await readQueueProgress(counted, DEFAULT_QUEUE);
        const bytes = JSON.stringify([await ports.ledgers.list('default')]).length;
        const folded = await ports.ledgers.readFolded({ queue: 'default' });
        expect(folded?.totals.CANCELLED).toBe(count);
        return plan.calls.length * 1000 + bytes + JSON.stringify(folded?.ledgers).length;
      };
      expect(await cost(10_000)).toBe(await cost(10));
    },
  );

  test('leaves alone the ledger of a process that counts, and folds nothing in the minute of its closing', async () => {
    const { ports, state } = await withProcesses(1);
    expect(await foldLedgers(ports, 'default')).toBe(0);
    state.now += QUARTER_HOUR;
    expect(await foldLedgers(ports, 'default')).toBe(0);
    expect((await ports.ledgers.list('default'))[0]?.closed).toBe(true);
    expect(await foldLedgers(ports, 'default')).toBe(0);
    state.now += 61_000;
    expect(await foldLedgers(ports, 'default')).toBe(1);
  });

  test('a process whose idle ledger was folded opens another, and nothing is counted twice', async () => {
    const { ports, state } = makeMemoryPorts();
    const settler = new Settler(ports, 'default', 90_000);
    const end = (id: string) =>
      settler.end({
        id,
        event: 'cancel',
        from: ['none'],
        guard: {},
        set: { queue: 'default', endedAt: state.now },
      });
    await end('one');
    await settler.flush();
    await foldAll(ports, state);
    const late = await end('two');
    await settler.flush();
    expect(late.done && (await late.counted)).toBe(true);
    expect((await readQueueProgress(ports, DEFAULT_QUEUE)).cancelled).toBe(2);
    const row = state.tasks.get('one');
    expect(row && (await new Settler(ports, 'default', 0).settleTerminal(row))).toBe(true);
    expect((await readQueueProgress(ports, DEFAULT_QUEUE)).cancelled).toBe(2);
  });

  for (const call of ['ledgers.replaceFolded', 'ledgers.retire'] as const) {
    for (const fault of ['before', 'after'] as const) {
      test(`counts once when ${call} fails ${fault} it took effect, and is done again`, async () => {
        const { ports, state } = await withProcesses(2);
        state.now += QUARTER_HOUR;
        await foldLedgers(ports, 'default');
        state.now += QUARTER_HOUR;
        const plan = new FaultPlan().plan(call, 'none', fault);
        await expect(foldLedgers(interceptPorts(ports, plan.intercept), 'default')).rejects.toThrow();
        expect((await readQueueProgress(ports, DEFAULT_QUEUE)).cancelled).toBe(6);
        await foldLedgers(ports, 'default');
        expect((await readQueueProgress(ports, DEFAULT_QUEUE)).cancelled).toBe(6);
        expect((await readBatchProgress(ports, 'batch')).cancelled).toBe(6);
        expect(await ports.ledgers.list('default')).toEqual([]);
      });
    }
  }

  test('counts once when folding was cut short for so long that the ledger in hand would be forgotten', async () => {
    const { ports, state } = await withProcesses(2);
    state.now += QUARTER_HOUR;
    await foldLedgers(ports, 'default');
    state.now += QUARTER_HOUR;
    const plan = new FaultPlan().plan('ledgers.retire', 'before');
    await expect(foldLedgers(interceptPorts(ports, plan.intercept), 'default')).rejects.toThrow();
    state.now += 4 * QUARTER_HOUR;
    const otherOrder = interceptPorts(ports, async (call, run) => {
      const answer = await run();
      return call.name === 'ledgers.list' ? (answer as unknown[]).toReversed() : answer;
    });
    expect(await foldLedgers(otherOrder, 'default')).toBe(2);
    expect((await readQueueProgress(ports, DEFAULT_QUEUE)).cancelled).toBe(6);
    expect((await readBatchProgress(ports, 'batch')).cancelled).toBe(6);
  });

  test('counts once what a process flushes again, its first flush unanswered, after its ledger was folded', async () => {
    const { ports: plain, state } = makeMemoryPorts();
    const faults = new FaultPlan().plan('ledgers.advance', 'after');
    const ports = interceptPorts(plain, faults.intercept);
    const settler = new Settler(ports, 'default', 90_000);
    const end = (id: string) =>
      settler.end({ id, event: 'cancel', from: ['none'], guard: {}, set: { queue: 'default', endedAt: 0 } });
    await end('a');
    await expect(settler.flush()).rejects.toThrow('no answer');
    expect(await foldAll(plain, state)).toBe(1);
    await end('b');
    await settler.flush();
    expect((await readQueueProgress(plain, DEFAULT_QUEUE)).cancelled).toBe(2);
    await foldAll(plain, state);
    expect((await readQueueProgress(plain, DEFAULT_QUEUE)).cancelled).toBe(2);
  });
});
