import { describe, expect, test } from 'vitest';
import { examineBatch } from '../../src/core/doctor/examine-batch.ts';
import { finishAttempt } from '../../src/core/attempt.ts';
import { enqueueChunk } from '../../src/core/enqueue-batch.ts';
import { enqueueTask } from '../../src/core/enqueue-task.ts';
import { enqueueWorkflow } from '../../src/core/enqueue-workflow.ts';
import { foldLedgers } from '../../src/core/fold-ledgers.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { readWorkflow } from '../../src/core/read-workflow.ts';
import { redriveTask } from '../../src/core/redrive.ts';
import { cancelTask } from '../../src/core/cancel.ts';
import { Settler } from '../../src/core/settle.ts';
import { interceptPorts } from '../fakes/intercept-ports.ts';
import { makeDoctorSource } from '../../src/core/doctor/doctor-source.ts';
import { claimNext, FAILURE, SUCCESS, workOff } from '../fakes/memory-worker.ts';
import { codesOf, makeDoctorUnderTest } from './doctor-under-test.ts';

const DAY = 86_400_000;
const HOUR = 3600_000;
type UnderTest = ReturnType<typeof makeDoctorUnderTest>;

async function load({ ports }: UnderTest, batch: string, tasks: number, chunk = 0): Promise<void> {
  const lines = Array.from({ length: tasks }, (_, at) => ({ line: at + 1, task: { command: `echo ${at}` } }));
  await enqueueChunk(ports, { batch, chunk, queue: 'default', tasks: lines });
}

/** Ends of every kind, by several processes, some of them redriven, some folded. */
async function live(under: UnderTest): Promise<void> {
  const { ports, state, worker } = under;
  await load(under, 'one', 40);
  await load(under, 'two', 30);
  const ids: string[] = [];
  for (let n = 0; n < 30; n += 1) {
    const { row } = await enqueueTask(
      ports,
      DEFAULT_QUEUE,
      { command: `exit ${n}`, maxAttempts: 1 },
      undefined,
    );
    ids.push(row.id);
  }
  const ending = { ports, settler: worker.settler, definition: DEFAULT_QUEUE };
  for (const id of ids.slice(0, 5)) await cancelTask(ending, id);
  await cancelTask(ending, 'two.0.7');
  let n = 0;
  while ((state.messages.get('default') ?? []).length > 0) {
    const next = await claimNext(worker);
    if (next) await finish(under, next, n);
    else state.now += 60_000; // until back-offs are over
    n += 1;
  }
  for (const id of ids.slice(10, 20)) {
    const row = await ports.tasks.read(id);
    if (row?.state === 'FAILED') await redriveTask(ending, id);
  }
  const other = { ...worker, settler: new Settler(ports, 'default', 90_000) };
  await workOff(other);
  for (let minutes = 0; minutes < 4; minutes += 1) {
    state.now += 1_000_000;
    await foldLedgers(ports, 'default');
  }
  await load(under, 'three', 10);
  await workOff({ ...worker, settler: new Settler(ports, 'default', 90_000) });
}

async function finish(
  { ports, worker }: UnderTest,
  next: NonNullable<Awaited<ReturnType<typeof claimNext>>>,
  n: number,
): Promise<void> {
  const { received, claim } = next;
  const end =
    claim.kind === 'run' ? await finishAttempt(worker, claim, n % 3 === 0 ? FAILURE : SUCCESS) : claim;
  await worker.settler.flush();
  const queue = ports.messages.main('default');
  const { receipt } = received;
  if (end.kind === 'again' || end.kind === 'wait')
    await queue.setVisibility([{ receipt, seconds: end.ms / 1000 }]);
  else await queue.delete([receipt]);
}

describe('the doctor', () => {
  test('finds nothing where all is well, after ends of every kind, redrives and folds', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const examined = await under.examine();
    expect(codesOf(examined)).toEqual([]);
    expect(examined.recorded).toEqual(examined.counted);
    expect(examined.rows).toBe(110);
    expect(examined.recorded.failed).toBeGreaterThan(0);
    expect(examined.recorded.cancelled).toBe(6);
    expect(under.pauses()).toBe(0);
  });

  test.each([
    ['one too many', 1],
    ['one too few', -1],
  ])('finds %s in a ledger, of the queue and of a batch', async (_, by) => {
    const under = makeDoctorUnderTest();
    await live(under);
    const [key, ledger] = [...under.state.ledgers].at(-1) ?? [];
    if (!key || !ledger) throw new Error('expected a ledger');
    const off = (totals: typeof ledger.totals) => ({ ...totals, SUCCEEDED: totals.SUCCEEDED + by });
    const batches = { three: off(ledger.batches['three'] ?? ledger.totals) };
    under.state.ledgers.set(key, { ...ledger, totals: off(ledger.totals), batches });
    const examined = await under.examine();
    // More ends than the batch has tasks is found first.
    expect(codesOf(examined)).toEqual([
      'counts_differ',
      by > 0 ? 'batch_total_differs' : 'batch_counts_differ',
    ]);
    expect(examined.recorded.succeeded - examined.counted.succeeded).toBe(by);
    expect(examined.checks.find(({ code }) => code === 'counts_differ')).toMatchObject({
      count: 1,
      queue: 'default',
    });
    expect(under.pauses()).toBe(2);
  });

  test('calls a difference certain only when the queue is at rest', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const [key, ledger] = [...under.state.ledgers].at(-1) ?? [];
    if (!key || !ledger) throw new Error('expected a ledger');
    under.state.ledgers.set(key, { ...ledger, totals: { ...ledger.totals, CANCELLED: 9 } });
    await load(under, 'four', 1);
    await claimNext(under.worker);
    expect(codesOf(await under.examine())).toContain('counts_in_motion');
  });

  test('does not mistake what ends while it counts for a difference', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    await load(under, 'moving', 60);
    let busy = false;
    const ports = interceptPorts(under.ports, async (call, run) => {
      if (call.name === 'tasks.page' && !busy) {
        busy = true;
        for (let n = 0; n < 3; n += 1) {
          const next = await claimNext(under.worker);
          if (next) await finish(under, next, n);
        }
        busy = false;
      }
      return run();
    });
    const source = makeDoctorSource(ports, under.inspector, () => under.worker.settler);
    expect(codesOf(await under.examine({}, source))).toEqual([]);
  });

  test('explains by their age what rows no longer show, of a queue and of a batch', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    under.state.now += 31 * DAY;
    await load(under, 'new', 5);
    await workOff(under.worker);
    const examined = await under.examine();
    expect(codesOf(examined)).toEqual([
      'counts_exceed_rows',
      ...Array<string>(3).fill('batch_counts_exceed_rows'),
      'ledgers_not_folded',
    ]);
    const { message, severity } = examined.checks.find(({ code }) => code === 'counts_exceed_rows') ?? {};
    expect(severity).toBe('note');
    expect(message).toMatch(/^counts exceed rows: 110 older than the retention of 30 days$/);
  });

  test('explains nothing by age that is younger, and never more rows than counts', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const [gone] = [...under.state.tasks.keys()];
    under.state.tasks.delete(gone ?? '');
    expect(codesOf(await under.examine())).toContain('counts_differ');
    under.planted.createdAt -= 40 * DAY;
    expect(codesOf(await under.examine())).toContain('counts_exceed_rows');
    const [key, ledger] = [...under.state.ledgers].at(-1) ?? [];
    if (!key || !ledger) throw new Error('expected a ledger');
    under.state.ledgers.set(key, { ...ledger, totals: { ...ledger.totals, SUCCEEDED: -5 } });
    expect(codesOf(await under.examine())).toContain('counts_differ');
  });

  test('sends chunks that were stored and not sent; a dry run only tells of them', async () => {
    const under = makeDoctorUnderTest();
    const ports = interceptPorts(under.ports, async (call, run) => {
      if (call.name === 'main.send') throw new Error('the loader died');
      return run();
    });
    await expect(load({ ...under, ports }, 'cut', 3)).rejects.toThrow('died');
    under.state.now += HOUR;
    expect(codesOf(await under.examine({ dryRun: true }))).toEqual(['chunks_unsent']);
    expect(under.state.messages.get('default') ?? []).toEqual([]);
    const examined = await under.examine();
    expect(codesOf(examined)).toEqual(['chunks_sent']);
    expect(examined.chunksSent).toBe(1);
    expect(under.state.messages.get('default')).toHaveLength(3);
  });

  describe('an end that nobody counted', () => {
    async function uncounted(under: UnderTest): Promise<void> {
      await load(under, 'lost', 2);
      await workOff(under.worker);
      const dying = new Settler(under.ports, 'default', 90_000);
      const { row } = await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'x' }, undefined);
      await cancelTask({ ports: under.ports, settler: dying, definition: DEFAULT_QUEUE }, row.id).catch(
        () => {},
      );
    }
    /** A process that ends a task and dies before it counts that. */
    const withoutFlush = (under: UnderTest): UnderTest => ({
      ...under,
      ports: interceptPorts(under.ports, async (call, run) => {
        if (call.name === 'ledgers.advance' && (call.args[0] as { batches: object }).batches !== undefined) {
          if (Object.keys((call.args[0] as { batches: object }).batches).length === 0)
            throw new Error('died');
        }
        return run();
      }),
    });

    test('is no difference, waits while its message is there, and is an error without', async () => {
      const under = makeDoctorUnderTest();
      await uncounted(withoutFlush(under));
      under.state.now += 20 * 60_000;
      expect(codesOf(await under.examine())).toEqual(['ends_waiting']);
      under.state.messages.set('default', []);
      expect(codesOf(await under.examine())).toEqual(['ends_uncounted']);
    });

    test('is counted once by --fix, and by a dry run not at all', async () => {
      const under = makeDoctorUnderTest();
      await uncounted(withoutFlush(under));
      under.state.now += 20 * 60_000;
      under.state.messages.set('default', []);
      expect(codesOf(await under.examine({ fix: true, dryRun: true }))).toEqual(['ends_uncounted']);
      const examined = await under.examine({ fix: true });
      expect(codesOf(examined)).toEqual(['ends_settled']);
      expect(examined.recorded.cancelled).toBe(1);
      expect(codesOf(await under.examine({ fix: true }))).toEqual([]);
    });
  });

  test.each([
    ['a queue that is missing', 'default', 'missing', ['queue_missing']],
    ['a dead-letter queue that is missing', 'default/dead', 'missing', ['dead_letter_queue_missing']],
    ['another visibility', 'default', { visibilitySeconds: 30 }, ['visibility_differs']],
    ['another retention', 'default', { retentionSeconds: 345_600 }, ['retention_differs']],
    ['another retention of dead letters', 'default/dead', { retentionSeconds: 60 }, ['retention_differs']],
    ['no redrive policy', 'default', { deadLetterQueue: undefined }, ['redrive_policy_differs']],
    ['dead letters after 3 receives', 'default', { maxReceiveCount: 3 }, ['redrive_policy_differs']],
    ['a right that is missing', 'default/dead', new Error('AccessDenied'), ['queue_unreadable']],
  ] as const)('finds %s', async (_, name, planted, codes) => {
    const under = makeDoctorUnderTest();
    under.planted.queues.set(name, planted);
    expect(codesOf(await under.examine())).toEqual(codes);
  });

  test('finds a dead letter that stays, after it has looked again', async () => {
    const under = makeDoctorUnderTest();
    await under.ports.messages.dead('default').send([{ body: 'not ours' }]);
    expect(codesOf(await under.examine())).toEqual(['dead_letters']);
    expect(under.pauses()).toBe(2);
  });

  test('finds tasks that no message is left for: waiting, running, and of a batch without rows', async () => {
    const under = makeDoctorUnderTest();
    await load(under, 'lost', 4);
    await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'x' }, undefined);
    await claimNext(under.worker);
    expect(codesOf(await under.examine())).toEqual([]);
    under.state.now += HOUR;
    expect(codesOf(await under.examine())).toEqual(['leases_expired']);
    under.state.messages.set('default', []);
    const examined = await under.examine();
    expect(codesOf(examined)).toEqual(['tasks_without_message', 'leases_expired']);
    expect(examined.checks.find(({ code }) => code === 'tasks_without_message')?.count).toBe(5);
  });

  test('misses no message of a task that waits with the scheduler, until a day after it was due', async () => {
    const under = makeDoctorUnderTest();
    await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'x', delaySeconds: (20 * DAY) / 1000 });
    expect(codesOf(await under.examine())).toEqual([]);
    under.state.now += 10 * DAY;
    await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'y' });
    expect(codesOf(await under.examine())).toEqual([]); // nor is it what the queue has waiting for long
    await workOff(under.worker);
    under.state.now += 10 * DAY + HOUR;
    expect(codesOf(await under.examine())).not.toContain('tasks_without_message');
    under.state.now += DAY;
    expect(codesOf(await under.examine())).toContain('tasks_without_message');
  });

  test('counting an end with --fix lets its workflow go on', async () => {
    const under = makeDoctorUnderTest();
    const steps = [{ command: 'one' }, { command: 'two' }];
    const { workflow } = await enqueueWorkflow(under.ports, DEFAULT_QUEUE, { kind: 'chain', steps });
    const dying = { ...under.worker, settler: new Settler(under.ports, 'default', 90_000) };
    const next = await claimNext(dying);
    if (next?.claim.kind !== 'run') throw new Error('expected a run');
    await finishAttempt(dying, next.claim, SUCCESS);
    under.state.now += HOUR;
    under.state.messages.set('default', []);
    expect(codesOf(await under.examine({ fix: true }))).toContain('ends_settled');
    await workOff(under.worker);
    expect(await readWorkflow(under.ports, workflow.id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('names rows of a newer version', async () => {
    const under = makeDoctorUnderTest();
    const { row } = await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'x' }, undefined);
    under.planted.newer.set(row.id, 2);
    const { checks } = await under.examine();
    const result = checks.find(({ code }) => code === 'rows_newer');
    expect(result?.examples).toEqual([`${row.id} (version 2)`]);
  });

  test('tells of a pause with a backlog, of one that grows too old, and of a purge', async () => {
    const under = makeDoctorUnderTest();
    await under.ports.queues.setPaused('default', true);
    expect(codesOf(await under.examine())).toEqual(['paused']);
    await enqueueTask(under.ports, DEFAULT_QUEUE, { command: 'x' }, undefined);
    expect(codesOf(await under.examine())).toEqual(['paused_with_backlog']);
    under.state.now += 8 * DAY;
    expect(codesOf(await under.examine())).toEqual(['backlog_old']);
    await under.ports.queues.setPurgedBefore('default', under.state.now);
    expect(codesOf(await under.examine())).toEqual(['backlog_old', 'purge_in_effect']);
  });

  test('tells of workers that were killed, and of ledgers that nobody folds', async () => {
    const under = makeDoctorUnderTest();
    const report = { worker: 'w', slots: 8, busy: 2, held: 2, batches: {}, at: under.state.now };
    await under.ports.queues.reportWorker('default', report, 0);
    await load(under, 'one', 3);
    await workOff(under.worker);
    under.state.now += 2 * HOUR;
    expect(codesOf(await under.examine())).toEqual(['workers_stale', 'ledgers_not_folded']);
  });

  test('counts a task once that the index has twice', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const page = under.ports.tasks.page.bind(under.ports.tasks);
    // As the embedded index has it when its server was killed between index and item.
    under.ports.tasks.page = async (query) => {
      const { entries, more } = await page(query);
      return { entries: entries.flatMap((entry) => [{ ...entry, at: entry.at - 5 }, entry]), more };
    };
    const examined = await under.examine();
    expect(codesOf(examined)).toEqual([]);
    expect(examined.rows).toBe(110);
  });

  test('recounts one batch from its chunks, its total as well', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const options = { dryRun: true, fix: false, sleep: async () => {} };
    const examine = () => examineBatch(under.source, { queue: 'default', batch: 'two' }, options);
    const fine = await examine();
    expect(codesOf(fine)).toEqual([]);
    expect(fine).toMatchObject({ total: 30, rows: 30, recorded: fine.counted });
    const row = under.state.batches.get('two');
    if (!row) throw new Error('expected a batch');
    under.state.batches.set('two', { ...row, total: 31 });
    expect(codesOf(await examine())).toEqual(['batch_total_differs']);
  });

  test('reads a row once, a hundred in a request, and ledgers that are folded once for each page', async () => {
    const under = makeDoctorUnderTest();
    await live(under);
    const calls: string[] = [];
    const ports = interceptPorts(under.ports, async (call, run) => {
      calls.push(call.name);
      return run();
    });
    let surveyed = 0;
    const inspector = {
      ...under.inspector,
      survey: async (ids: readonly string[]) => {
        surveyed += ids.length;
        return under.inspector.survey(ids);
      },
    };
    await under.examine(
      { dryRun: true },
      makeDoctorSource(ports, inspector, () => under.worker.settler),
    );
    expect(surveyed).toBe(110);
    expect(calls.filter((name) => name === 'tasks.page')).toHaveLength(16);
    expect(calls.filter((name) => name === 'tasks.read' || name === 'tasks.change')).toEqual([]);
  });
});
