import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { makeAwsClients } from '../../src/aws/aws-clients.ts';
import { makeAwsPorts } from '../../src/aws/make-aws-ports.ts';
import { provisionTable } from '../../src/aws/provision.ts';
import type { Ports } from '../../src/core/ports.ts';
import type { TaskRow } from '../../src/core/task-row.ts';
import { TASK_EVENTS, type TaskEvent } from '../../src/core/task-states.ts';
import type { Guard, TaskChange } from '../../src/core/transition.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';
import { stored } from '../fakes/memory-tasks.ts';
import { KEY, startDynamodb } from '../local/embedded-servers.ts';

/** The tests of the core run on fakes: here the fakes and DynamoDB are asked the same, and must answer the same. */

const RUNS = 25;
const T0 = Date.UTC(2026, 0, 1);

async function bothStores(): Promise<{ real: Ports; fake: Ports }> {
  const { url } = await startDynamodb();
  const clients = makeAwsClients({ dynamodb: url, region: 'us-east-1', key: KEY });
  onTestFinished(() => clients.close());
  await provisionTable(clients, 'millrace');
  const { ports: fake, state } = makeMemoryPorts();
  state.now = T0;
  return { real: makeAwsPorts(clients, 'millrace', fake.log), fake };
}

const time = fc.constantFrom(T0, T0 + 1, T0 + 60_000);
const token = fc.constantFrom('t1', 't2');
const stamp = fc.record({ ledger: fc.constantFrom('l1', 'l2'), n: fc.constantFrom(1, 2) });
const guard = fc.record(
  {
    attempt: fc.constantFrom(0, 1, 2),
    token: fc.option(token),
    stamp,
    hash: fc.constantFrom('h1', 'h2'),
    leaseBefore: time,
    dueBy: time,
    noCancelRequest: fc.constant(true as const),
  },
  { requiredKeys: [] },
) satisfies fc.Arbitrary<Guard>;
const more = fc.record(
  {
    token,
    stamp,
    hash: fc.constantFrom('h1', 'h2'),
    lease: time,
    notBefore: time,
    cancelRequested: fc.constant(true),
    countedAs: fc.constant('FAILED' as const),
    error: fc.string(),
    progress: fc.record({ percent: fc.constantFrom(0, 12.5, 100), message: fc.string() }),
    expiresAt: fc.constant(4_000_000_000),
  },
  { requiredKeys: [] },
) satisfies fc.Arbitrary<Partial<TaskRow>>;
const CLEARED = ['token', 'lease', 'notBefore', 'cancelRequested', 'stamp', 'error'] as const;
const changes: fc.Arbitrary<Omit<TaskChange, 'id'>> = fc.record({
  event: fc.constantFrom(...(Object.keys(TASK_EVENTS) as TaskEvent[])),
  // Mostly none: a change that is refused teaches little.
  guard: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: guard }),
  set: more.map((fields) => ({ queue: 'default', createdAt: T0, maxAttempts: 3, endedAt: T0, ...fields })),
  raise: fc.subarray(['attempt', 'failures'] as const),
  clear: fc.subarray([...CLEARED]),
});

test('a conditional write on a task does what `transition` does', async () => {
  const { real, fake } = await bothStores();
  let tasks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(changes, { minLength: 1, maxLength: 20 }), async (sequence) => {
      const id = `task-${(tasks += 1)}`;
      for (const { clear, ...change } of sequence) {
        const kept = clear?.filter((field) => !(field in change.set)) ?? [];
        const ask = { ...change, id, clear: kept };
        const expected = await fake.tasks.change(ask);
        expect(stored(await real.tasks.change(ask))).toEqual(stored(expected));
        expect(await real.tasks.read(id)).toEqual(await fake.tasks.read(id));
      }
    }),
    { numRuns: RUNS },
  );
});

/** A late advance makes a ledger that is retired once more: there are two items of it then. */
const WRITTEN_AGAIN = [
  { kind: 'advance' as const, from: 0, by: 1, totals: { SUCCEEDED: 0, FAILED: 0, CANCELLED: 0 } },
  { kind: 'close' as const, below: 2 },
  { kind: 'retire' as const },
  { kind: 'advance' as const, from: 0, by: 1, totals: { SUCCEEDED: 0, FAILED: 0, CANCELLED: 0 } },
  { kind: 'close' as const, below: Number.MAX_SAFE_INTEGER },
];

test('ledgers advance, close and retire as the fake does', async () => {
  const { real, fake } = await bothStores();
  const totals = fc.record({
    SUCCEEDED: fc.nat(3),
    FAILED: fc.integer({ min: -2, max: 2 }),
    CANCELLED: fc.nat(3),
  });
  const steps = fc.oneof(
    fc.record({
      kind: fc.constant('advance' as const),
      from: fc.nat(3),
      by: fc.integer({ min: 1, max: 2 }),
      totals,
    }),
    fc.record({
      kind: fc.constant('close' as const),
      below: fc.constantFrom(1, 2, 3, Number.MAX_SAFE_INTEGER),
    }),
    fc.record({ kind: fc.constant('retire' as const) }),
  );
  let ledgers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 12 }), async (sequence) => {
      const ledger = `l${(ledgers += 1)}`;
      const run = async ({ ledgers: store }: Ports, step: (typeof sequence)[number]) => {
        if (step.kind === 'close') return store.close('default', ledger, step.below, T0);
        if (step.kind === 'advance') {
          const { from, by } = step;
          const batches = { b: step.totals };
          return store.advance({
            queue: 'default',
            ledger,
            from,
            seq: from + by,
            totals: step.totals,
            batches,
            at: T0,
          });
        }
        const row = await store.read('default', ledger);
        if (row?.closed && row.seq > 0) await store.retire(row, 4_000_000_000);
        return row;
      };
      for (const step of sequence) {
        const expected = await run(fake, step);
        expect(await run(real, step)).toEqual(expected);
        expect(await real.ledgers.read('default', ledger)).toEqual(
          await fake.ledgers.read('default', ledger),
        );
      }
      const names = async ({ ledgers: store }: Ports) =>
        (await store.list('default')).filter((row) => row.ledger === ledger);
      expect(await names(real)).toEqual(await names(fake));
    }),
    { numRuns: RUNS, examples: [[WRITTEN_AGAIN]] },
  );
});

test('chunks are stored, found unsent, and marked as in the fake', async () => {
  const { real, fake } = await bothStores();
  const steps = fc.oneof(
    fc.record({
      kind: fc.constant('store' as const),
      chunk: fc.nat(2),
      hash: fc.constantFrom('h1', 'h2'),
      at: time,
    }),
    fc.record({ kind: fc.constant('sent' as const), chunk: fc.nat(2) }),
    fc.record({ kind: fc.constant('add' as const), revision: fc.nat(2) }),
  );
  let batches = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 10 }), async (sequence) => {
      const batch = `b${(batches += 1)}`;
      const run = async ({ batches: store }: Ports, step: (typeof sequence)[number]) => {
        if (step.kind === 'sent')
          return store.markSent(batch, step.chunk).then(
            () => 'done',
            () => 'refused',
          );
        if (step.kind === 'add') {
          const row = { id: batch, queue: 'default', createdAt: T0, total: 1, upTo: 1, ahead: [3] };
          return store.replace({ ...row, revision: step.revision + 1 }, step.revision);
        }
        const tasks = [{ line: 1, task: { command: `echo ${step.hash}` } }];
        const { chunk, hash, at: createdAt } = step;
        return store.storeChunk({ batch, chunk, queue: 'default', hash, createdAt, tasks, sent: false });
      };
      for (const step of sequence) {
        const expected = await run(fake, step);
        const answer = await run(real, step);
        // Of other content nobody asks whether it was sent.
        const isOther =
          step.kind === 'store' && (expected as { hash?: string } | undefined)?.hash !== step.hash;
        if (isOther) expect(answer).toEqual(expected && { ...(expected as object), sent: false });
        else expect(answer).toEqual(expected);
      }
      const seen = async ({ batches: store }: Ports) => ({
        unsent: (await store.unsentChunks('default', T0 + 2)).filter((row) => row.batch === batch),
        batch: await store.read(batch),
        chunks: await Promise.all([0, 1, 2].map((chunk) => store.readChunk(batch, chunk))),
      });
      const [one, other] = [await seen(real), await seen(fake)];
      const toNames = (rows: readonly { chunk: number }[]) => rows.map(({ chunk }) => chunk).sort();
      expect(toNames(one.unsent)).toEqual(toNames(other.unsent));
      expect([one.batch, one.chunks]).toEqual([other.batch, other.chunks]);
    }),
    { numRuns: RUNS },
  );
});
