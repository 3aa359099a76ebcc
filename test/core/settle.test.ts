import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumTotals } from '../../src/core/ledger-book.ts';
import { Settler } from '../../src/core/settle.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { isTerminal } from '../../src/core/task-states.ts';
import { FaultPlan, interceptPorts } from '../fakes/intercept-ports.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import type { MemoryState } from '../fakes/memory-state.ts';

const QUEUE = 'default';
const GRACE_MS = 90_000;

function makeWorld() {
  const { ports: plain, state } = makeMemoryPorts();
  const faults = new FaultPlan();
  const ports = interceptPorts(plain, faults.intercept);
  return {
    state,
    faults,
    ports,
    /** Its calls meet the planned faults. */
    settler: new Settler(ports, QUEUE, GRACE_MS),
    /** Of another process, whose calls all arrive. */
    other: new Settler(plain, QUEUE, GRACE_MS),
  };
}

function putRunning(state: MemoryState, id: string, more: Partial<TaskRow> = {}): void {
  state.tasks.set(id, {
    id,
    queue: QUEUE,
    state: 'RUNNING',
    hash: 'h',
    createdAt: 0,
    maxAttempts: 3,
    attempt: 1,
    failures: 0,
    ...more,
  });
}

const ending = (state: MemoryState, id: string, event: 'succeed' | 'fail' | 'cancel' = 'succeed') => ({
  id,
  event,
  guard: { attempt: state.tasks.get(id)?.attempt ?? 1 },
  set: { endedAt: state.now },
});

const rowOf = (state: MemoryState, id: string): TaskRow => {
  const row = state.tasks.get(id);
  if (!row) throw new Error(`there is no row ${id}`);
  return row;
};

const totals = (state: MemoryState) => sumTotals([...state.ledgers.values()].map((ledger) => ledger.totals));

/** What is so at this moment: a promise that is still open is `undefined`. */
const nowOf = <T>(promise: Promise<T>): Promise<T | undefined> =>
  Promise.race([promise, Promise.resolve(undefined)]);

describe('an end', () => {
  it('is recorded at once, and counted by the next flush', async () => {
    const { state, settler } = makeWorld();
    putRunning(state, 'a');
    const end = await settler.end(ending(state, 'a'));
    if (!end.done) throw new Error('refused');
    expect(end.row.state).toBe('SUCCEEDED');
    expect(await nowOf(end.counted)).toBeUndefined();
    expect(totals(state)).toEqual({ SUCCEEDED: 0, FAILED: 0, CANCELLED: 0 });
    await settler.flush();
    expect(await nowOf(end.counted)).toBe(true);
    expect(totals(state)).toEqual({ SUCCEEDED: 1, FAILED: 0, CANCELLED: 0 });
  });

  it('that is refused counts nothing, and does not hold up the ends after it', async () => {
    const { state, settler } = makeWorld();
    putRunning(state, 'a', { attempt: 2 });
    putRunning(state, 'b');
    const refused = await settler.end({ ...ending(state, 'a'), guard: { attempt: 1 } });
    expect(refused).toMatchObject({ done: false, row: { state: 'RUNNING' } });
    await settler.end(ending(state, 'b', 'fail'));
    await settler.flush();
    expect(totals(state)).toEqual({ SUCCEEDED: 0, FAILED: 1, CANCELLED: 0 });
    expect(settler.uncounted).toBe(0);
  });

  it('counts in the batch of its task, too', async () => {
    const { state, settler } = makeWorld();
    for (const id of ['b.0.1', 'b.0.2', 'c.0.1']) putRunning(state, id);
    await settler.end(ending(state, 'b.0.1'));
    await settler.end(ending(state, 'b.0.2', 'cancel'));
    await settler.end(ending(state, 'c.0.1', 'fail'));
    await settler.flush();
    const [ledger] = state.ledgers.values();
    expect(ledger?.batches).toEqual({
      b: { SUCCEEDED: 1, FAILED: 0, CANCELLED: 1 },
      c: { SUCCEEDED: 0, FAILED: 1, CANCELLED: 0 },
    });
  });

  it('of a redriven task takes its counted failure back', async () => {
    const { state, settler } = makeWorld();
    putRunning(state, 'b.0.1');
    await settler.end(ending(state, 'b.0.1', 'fail'));
    await settler.flush();
    putRunning(state, 'b.0.1', { attempt: 2, countedAs: 'FAILED' });
    await settler.end(ending(state, 'b.0.1'));
    await settler.flush();
    expect(totals(state)).toEqual({ SUCCEEDED: 1, FAILED: 0, CANCELLED: 0 });
    const [ledger] = state.ledgers.values();
    expect(ledger?.batches['b']).toEqual({ SUCCEEDED: 1, FAILED: 0, CANCELLED: 0 });
  });

  it('is not counted before the outcome of an earlier one is known', async () => {
    const { state, ports } = makeWorld();
    putRunning(state, 'slow');
    putRunning(state, 'fast');
    let answer: () => void = () => {};
    const held = new Promise<void>((done) => (answer = done));
    const settler = new Settler(
      interceptPorts(ports, async (call, run) => {
        if (call.name === 'tasks.change' && (call.args[0] as { id: string }).id === 'slow') await held;
        return run();
      }),
      QUEUE,
      GRACE_MS,
    );
    const slow = settler.end(ending(state, 'slow'));
    const fast = await settler.end(ending(state, 'fast'));
    await settler.flush();
    expect(state.ledgers.size).toBe(0);
    expect(fast.done && (await nowOf(fast.counted))).toBeUndefined();
    answer();
    await slow;
    await settler.flush();
    expect(totals(state).SUCCEEDED).toBe(2);
    expect(fast.done && (await nowOf(fast.counted))).toBe(true);
  });
});

describe('an end whose answer was lost', () => {
  it.each([
    ['after it was applied', 'after', 'SUCCEEDED'],
    ['before it was applied', 'before', 'RUNNING'],
  ] as const)(
    '%s costs the ledger, and the ends before it are counted under the next',
    async (_what, fault, stateOfB) => {
      const { state, faults, settler } = makeWorld();
      putRunning(state, 'a');
      putRunning(state, 'b');
      const first = await settler.end(ending(state, 'a', 'fail'));
      faults.plan('tasks.change', fault);
      await expect(settler.end(ending(state, 'b'))).rejects.toThrow('no answer');
      expect(rowOf(state, 'b').state).toBe(stateOfB);
      await settler.flush();
      expect(first.done && (await nowOf(first.counted))).toBe(true);
      expect(totals(state)).toEqual({ SUCCEEDED: 0, FAILED: 1, CANCELLED: 0 });
      expect([...state.ledgers.values()].filter(({ closed }) => closed)).toHaveLength(1);
    },
  );

  it('is counted once by whoever meets its row, after the grace', async () => {
    const { state, faults, settler, other } = makeWorld();
    putRunning(state, 'a');
    faults.plan('tasks.change', 'after');
    await expect(settler.end(ending(state, 'a'))).rejects.toThrow();
    state.now += GRACE_MS - 1;
    expect(await other.settleTerminal(rowOf(state, 'a'))).toBe(false);
    state.now += 1;
    expect(await other.settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect(await other.settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect(await settler.settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect(totals(state)).toEqual({ SUCCEEDED: 1, FAILED: 0, CANCELLED: 0 });
  });

  it('but whose repetition says that it was done is simply done', async () => {
    const { state, ports } = makeWorld();
    putRunning(state, 'a');
    const twice = new Settler(
      interceptPorts(ports, async (call, run) => {
        if (call.name === 'tasks.change') await run();
        return run();
      }),
      QUEUE,
      GRACE_MS,
    );
    expect(await twice.end(ending(state, 'a'))).toMatchObject({ done: true, row: { state: 'SUCCEEDED' } });
    await twice.flush();
    expect(totals(state).SUCCEEDED).toBe(1);
  });
});

describe('an end that is on its way', () => {
  /** A settler whose write for the task `slow` arrives when the test says so. */
  function makeSlow() {
    const world = makeWorld();
    for (const id of ['slow', 'fast', 'lost']) putRunning(world.state, id);
    let arrive: () => void = () => {};
    const held = new Promise<void>((done) => (arrive = done));
    const ports = interceptPorts(world.ports, async (call, run) => {
      if (call.name === 'tasks.change' && (call.args[0] as { id: string }).id === 'slow') await held;
      return run();
    });
    return { ...world, settler: new Settler(ports, QUEUE, GRACE_MS), arrive };
  }

  it('when its ledger is given up is counted under the next one', async () => {
    const { state, faults, settler, arrive } = makeSlow();
    const slow = settler.end(ending(state, 'slow'));
    faults.plan('tasks.change', 'before');
    await expect(settler.end(ending(state, 'lost'))).rejects.toThrow('no answer');
    arrive();
    const end = await slow;
    await settler.flush();
    expect(end.done && (await nowOf(end.counted))).toBe(true);
    expect(totals(state).SUCCEEDED).toBe(1);
  });

  it('makes the ends after it wait, and its process does not close its own ledger for them', async () => {
    const { state, settler, arrive } = makeSlow();
    const slow = settler.end(ending(state, 'slow'));
    await settler.end(ending(state, 'fast'));
    state.now += GRACE_MS;
    expect(await settler.settleTerminal(rowOf(state, 'fast'))).toBe(false);
    expect(state.ledgers.size).toBe(0);
    arrive();
    await slow;
    expect(await settler.settleTerminal(rowOf(state, 'fast'))).toBe(true);
  });
});

describe('a flush whose answer was lost', () => {
  it.each([
    ['before', 'it was applied is repeated to the letter', 2],
    ['after', 'it was applied is found, and not repeated', 1],
  ] as const)('%s %s', async (fault, _title, sent) => {
    const { state, faults, settler } = makeWorld();
    putRunning(state, 'a');
    putRunning(state, 'b');
    const first = await settler.end(ending(state, 'a'));
    faults.plan('ledgers.advance', fault);
    await expect(settler.flush()).rejects.toThrow('no answer');
    expect(first.done && (await nowOf(first.counted))).toBeUndefined();
    await settler.end(ending(state, 'b'));
    await settler.flush();
    const advances = faults.calls.filter(({ name }) => name === 'ledgers.advance').map(({ args }) => args[0]);
    expect(advances.slice(0, sent)).toEqual(Array.from({ length: sent }, () => advances[0]));
    expect(advances[sent]).toMatchObject({ from: 1, seq: 2 });
    expect(totals(state).SUCCEEDED).toBe(2);
    expect(first.done && (await nowOf(first.counted))).toBe(true);
  });
});

describe('a ledger that somebody else has closed', () => {
  it('makes its process open another and re-stamp what it had not flushed', async () => {
    const { state, settler, other } = makeWorld();
    for (const id of ['a', 'b']) putRunning(state, id);
    const [a, b] = [await settler.end(ending(state, 'a')), await settler.end(ending(state, 'b', 'fail'))];
    state.now += GRACE_MS;
    expect(await other.settleTerminal(rowOf(state, 'a'))).toBe(true);
    await settler.flush();
    await settler.flush();
    expect(totals(state)).toEqual({ SUCCEEDED: 1, FAILED: 1, CANCELLED: 0 });
    expect(b.done && (await nowOf(b.counted))).toBe(true);
    // The other one has re-stamped it: whether that counts is no longer for this process to say.
    expect(a.done && (await nowOf(a.counted))).toBe(false);
  });

  it('keeps what it had counted', async () => {
    const { state, settler, other } = makeWorld();
    for (const id of ['a', 'b']) putRunning(state, id);
    await settler.end(ending(state, 'a'));
    await settler.flush();
    await settler.end(ending(state, 'b'));
    state.now += GRACE_MS;
    expect(await other.settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect(await other.settleTerminal(rowOf(state, 'b'))).toBe(true);
    await settler.flush();
    expect(totals(state).SUCCEEDED).toBe(2);
  });

  it('is not closed when its process counts the end at the last moment', async () => {
    const { state, settler, ports } = makeWorld();
    putRunning(state, 'a');
    await settler.end(ending(state, 'a'));
    state.now += GRACE_MS;
    const late = interceptPorts(ports, async (call, run) => {
      if (call.name === 'ledgers.close') await settler.flush();
      return run();
    });
    expect(await new Settler(late, QUEUE, GRACE_MS).settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect(totals(state).SUCCEEDED).toBe(1);
    expect([...state.ledgers.values()].map(({ closed }) => closed)).toEqual([false]);
  });

  it('counts one end once when two meet it at the same time', async () => {
    const { state, faults, settler, other, ports } = makeWorld();
    const third = new Settler(ports, QUEUE, GRACE_MS);
    putRunning(state, 'a');
    faults.plan('tasks.change', 'after');
    await expect(settler.end(ending(state, 'a'))).rejects.toThrow();
    state.now += GRACE_MS;
    const row = rowOf(state, 'a');
    const answers = await Promise.all([other.settleTerminal(row), third.settleTerminal(row)]);
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(totals(state).SUCCEEDED).toBe(1);
  });
});

describe('a ledger whose item has grown too large', () => {
  it('makes room for another, and nothing is counted twice', async () => {
    const { state, settler } = makeWorld();
    for (let batch = 0; batch < 60; batch += 1) {
      const id = `${'long-name-of-a-batch'.repeat(2)}-${batch}.0.1`;
      putRunning(state, id);
      await settler.end(ending(state, id));
      await settler.flush();
    }
    expect(totals(state).SUCCEEDED).toBe(60);
    expect(state.ledgers.size).toBeGreaterThan(2);
    for (const ledger of state.ledgers.values())
      expect(JSON.stringify(ledger.batches).length).toBeLessThan(1200);
  });
});

describe('settleTerminal', () => {
  it('leaves an end that has no stamp alone', async () => {
    const { state, settler } = makeWorld();
    putRunning(state, 'a', { state: 'SUCCEEDED' });
    expect(await settler.settleTerminal(rowOf(state, 'a'))).toBe(false);
  });

  it('flushes its own ledger rather than to close it', async () => {
    const { state, settler } = makeWorld();
    putRunning(state, 'a');
    await settler.end(ending(state, 'a'));
    expect(await settler.settleTerminal(rowOf(state, 'a'))).toBe(true);
    expect([...state.ledgers.values()].map(({ closed }) => closed)).toEqual([false]);
  });
});

describe('counts at rest', () => {
  it('equal the ends, whatever was lost, crashed or closed on the way', async () => {
    const fault = fc.constantFrom('none', 'none', 'none', 'before', 'after');
    const step = fc.record({
      act: fc.constantFrom('end', 'end', 'end', 'flush', 'crash', 'settle'),
      process: fc.nat({ max: 1 }),
      task: fc.nat({ max: 7 }),
      event: fc.constantFrom('succeed', 'fail', 'cancel'),
      faults: fc.record({
        'tasks.change': fc.array(fault, { maxLength: 2 }),
        'ledgers.advance': fc.array(fault, { maxLength: 2 }),
        'ledgers.close': fc.array(fault, { maxLength: 2 }),
        'ledgers.read': fc.array(fault, { maxLength: 1 }),
      }),
      concurrent: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { ports: plain, state } = makeMemoryPorts();
        const faults = new FaultPlan();
        const ports = interceptPorts(plain, faults.intercept);
        const start = () => new Settler(ports, QUEUE, GRACE_MS);
        const settlers = [start(), start()];
        for (let task = 0; task < 8; task += 1) putRunning(state, `b.0.${task + 1}`);
        const open: Promise<unknown>[] = [];
        for (const { act, process, task, event, faults: planned, concurrent } of steps) {
          for (const [name, list] of Object.entries(planned)) faults.plan(name, ...list);
          const id = `b.0.${task + 1}`;
          const settler = settlers[process] ?? start();
          if (act === 'crash') settlers[process] = start();
          const doing =
            act === 'end'
              ? settler.end(ending(state, id, event))
              : act === 'flush'
                ? settler.flush()
                : act === 'settle' && isTerminal(rowOf(state, id).state)
                  ? settler.settleTerminal(rowOf(state, id))
                  : Promise.resolve();
          open.push(doing.catch(() => {}));
          state.now += 10_000;
          if (!concurrent) await Promise.all(open);
        }
        await Promise.all(open);
        // At rest: no more faults, and every message is met again until its end is known to be counted.
        const last = new Settler(plain, QUEUE, GRACE_MS);
        const left = [...state.tasks.values()].filter((row) => row.state === 'RUNNING');
        for (const { id } of left) await last.end(ending(state, id));
        for (const { id } of state.tasks.values()) {
          let isCounted = false;
          for (let round = 0; round < 10 && !isCounted; round += 1) {
            state.now += GRACE_MS;
            isCounted = await last.settleTerminal(rowOf(state, id));
          }
          expect(isCounted, id).toBe(true);
        }
        const states = [...state.tasks.values()].map((row) => row.state);
        const count = (of: string) => states.filter((one) => one === of).length;
        const expected = {
          SUCCEEDED: count('SUCCEEDED'),
          FAILED: count('FAILED'),
          CANCELLED: count('CANCELLED'),
        };
        expect(totals(state)).toEqual(expected);
        const batches = [...state.ledgers.values()].flatMap(({ batches: { b } }) => (b ? [b] : []));
        expect(sumTotals(batches)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});
