import { UNSENT_CHUNK_AGE_MS } from '../limits.ts';
import type { Ports } from '../ports.ts';
import { queueTotals } from '../progress.ts';
import type { QueueDefinition } from '../queue-definition.ts';
import { queueSettings } from '../table-definition.ts';
import { iso } from '../task-view.ts';
import type { Inspector, SqsQueue } from './inspector.ts';
import { toTally, type Tally } from './tally.ts';

/** A setting of an SQS queue that is not as the queue's definition has it. */
export interface SettingDifference {
  readonly setting: 'visibility' | 'retention' | 'redrivePolicy';
  readonly expected: string;
  readonly got: string;
}

/** One of the two SQS queues of a queue. */
export type SqsFacts =
  | {
      readonly status: 'found';
      readonly name: string;
      readonly visible: number;
      readonly delayed: number;
      readonly inFlight: number;
      readonly differences: readonly SettingDifference[];
    }
  | { readonly status: 'missing' }
  | { readonly status: 'unreadable'; readonly detail: string };

/** What is recorded of a queue, beside its tasks. Times are ISO 8601. */
export interface QueueFacts {
  readonly queue: string;
  readonly at: string;
  readonly recorded: Tally;
  readonly main: SqsFacts;
  readonly dead: SqsFacts;
  readonly paused: boolean;
  readonly purgedBefore?: string | undefined;
  /** `running`: programs that live workers report. `stale`: those that have not reported for a lease. */
  readonly workers: { readonly live: number; readonly running: number; readonly stale: readonly string[] };
  /** `overdue`: those that the minute run should have folded long ago. */
  readonly ledgers: { readonly listed: number; readonly overdue: number };
  /** Chunks that are not marked sent, 100 at most: `due` are too old for their loader to be at it still. */
  readonly unsent: { readonly due: number; readonly fresh: number };
  /** Nothing of the queue is known to be older. Absent: that is not known. */
  readonly since?: string | undefined;
}

/** The minute run folds 200 ledgers that have been idle for ten minutes. */
const OVERDUE_MS = 3600_000;

/** Reads what is recorded of a queue; what cannot be read of SQS is a fact too. */
export async function readQueueFacts(
  ports: Ports,
  inspector: Inspector,
  definition: QueueDefinition,
): Promise<QueueFacts> {
  const queue = definition.name;
  const now = ports.clock();
  const [main, dead, totals, control, reports, ledgers, due, unsent, firstWrite] = await Promise.all([
    describe(inspector, queue, 'main'),
    describe(inspector, queue, 'dead'),
    queueTotals(ports, queue),
    ports.queues.readControl(queue),
    ports.queues.workers(queue),
    ports.ledgers.list(queue),
    ports.batches.unsentChunks(queue, now - UNSENT_CHUNK_AGE_MS),
    ports.batches.unsentChunks(queue, now + 1),
    inspector.firstLedgerWrite(queue),
  ]);
  const aliveSince = now - definition.leaseSeconds * 1000;
  const live = reports.filter(({ at }) => at >= aliveSince);
  const overdue = ledgers.filter(({ at, seq, closed }) => now - at > OVERDUE_MS && !(closed && seq === 0));
  const made = isFound(main) ? main.createdAt : undefined;
  const since = made === undefined ? undefined : Math.min(made, firstWrite ?? made);
  return {
    queue,
    at: iso(now),
    recorded: toTally(totals),
    main: toFacts(main, differencesOf(main, dead, definition, 'main')),
    dead: toFacts(dead, differencesOf(main, dead, definition, 'dead')),
    paused: control.paused,
    ...(control.purgedBefore > 0 && { purgedBefore: iso(control.purgedBefore) }),
    workers: {
      live: live.length,
      running: live.reduce((sum, { busy }) => sum + busy, 0),
      stale: reports.filter(({ at }) => at < aliveSince).map(({ worker }) => worker),
    },
    ledgers: { listed: ledgers.length, overdue: overdue.length },
    unsent: { due: due.length, fresh: Math.max(0, unsent.length - due.length) },
    ...(since !== undefined && { since: iso(since) }),
  };
}

type Described = SqsQueue | 'missing' | { readonly detail: string };

function isFound(described: Described): described is SqsQueue {
  return described !== 'missing' && 'counts' in described;
}

async function describe(inspector: Inspector, queue: string, which: 'main' | 'dead'): Promise<Described> {
  try {
    return (await inspector.describeQueue(queue, which)) ?? 'missing';
  } catch (error) {
    return { detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function toFacts(described: Described, differences: readonly SettingDifference[]): SqsFacts {
  if (described === 'missing') return { status: 'missing' };
  if (!isFound(described)) return { status: 'unreadable', detail: described.detail };
  return { status: 'found', name: described.name, ...described.counts, differences };
}

/** What SQS says against what the definition does. Its names need no look: the queue was found by them. */
function differencesOf(
  main: Described,
  dead: Described,
  definition: QueueDefinition,
  which: 'main' | 'dead',
): SettingDifference[] {
  const described = which === 'main' ? main : dead;
  if (!isFound(described)) return [];
  const wanted = queueSettings(definition, '');
  const differences: SettingDifference[] = [];
  const compare = (setting: SettingDifference['setting'], expected: string, got: string) => {
    if (expected !== got) differences.push({ setting, expected, got });
  };
  const seconds = (setting: 'visibility' | 'retention', expected: number, got: number) =>
    compare(setting, `${expected} s`, `${got} s`);
  if (which === 'dead') {
    seconds('visibility', wanted.deadVisibilitySeconds, described.visibilitySeconds);
    seconds('retention', wanted.deadRetentionSeconds, described.retentionSeconds);
    return differences;
  }
  seconds('visibility', wanted.visibilitySeconds, described.visibilitySeconds);
  seconds('retention', wanted.retentionSeconds, described.retentionSeconds);
  const policy = (target: string | undefined, count: number | undefined) =>
    target === undefined ? 'none' : `${count} receives, then ${target}`;
  compare(
    'redrivePolicy',
    policy(isFound(dead) ? dead.name : `${described.name}-dead`, wanted.maxReceiveCount),
    policy(described.deadLetterQueue, described.maxReceiveCount),
  );
  return differences;
}
