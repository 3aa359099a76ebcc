import { amountOf } from '../amounts.ts';
import type { ChunksSent, Settled } from './doctor-source.ts';
import { found, passed, type CheckResult, type FindingCode } from './finding.ts';
import type { QueueFacts, SettingDifference, SqsFacts } from './queue-facts.ts';

/** What is judged by the facts of a queue alone, without its rows. */

const SETTING_CODES = {
  redrivePolicy: 'redrive_policy_differs',
  retention: 'retention_differs',
  visibility: 'visibility_differs',
} as const satisfies Record<SettingDifference['setting'], FindingCode>;

const SET_UP =
  'Set it up anew: deploy the stack again, or, for a local stack, `millrace queue add` the queue with its settings.';

/** The two SQS queues are there, and set up as the definition has it. */
export function judgeSqs({ queue, main, dead }: QueueFacts): CheckResult[] {
  const results = [
    ...judgeOne(queue, main, 'queue_missing', 'the SQS queue'),
    ...judgeOne(queue, dead, 'dead_letter_queue_missing', 'the dead-letter queue'),
  ];
  return results.length > 0
    ? results
    : [passed('sqs', 'the SQS queue and its dead-letter queue are as defined', { queue })];
}

function judgeOne(
  queue: string,
  facts: SqsFacts,
  missing: 'queue_missing' | 'dead_letter_queue_missing',
  what: string,
): CheckResult[] {
  if (facts.status === 'missing') {
    return [
      found(missing, `${what} does not exist`, SET_UP, { queue, expected: 'a queue in SQS', got: 'none' }),
    ];
  }
  if (facts.status === 'unreadable') {
    const hint =
      'The API could not ask SQS for it: grant its role sqs:GetQueueUrl and sqs:GetQueueAttributes (deploying the stack does), or see what SQS answered.';
    return [found('queue_unreadable', `${what} cannot be read`, hint, { queue, got: facts.detail })];
  }
  return facts.differences.map(({ setting, expected, got }) =>
    found(SETTING_CODES[setting], `${what} ${facts.name} has another ${wordsOf(setting)}`, SET_UP, {
      queue,
      expected,
      got,
    }),
  );
}

function wordsOf(setting: SettingDifference['setting']): string {
  return { redrivePolicy: 'redrive policy', retention: 'retention', visibility: 'visibility timeout' }[
    setting
  ];
}

/** What was a dead letter both times is not just being judged. SQS does not say how old it is. */
export function judgeDeadLetters(before: QueueFacts, after: QueueFacts): CheckResult[] {
  const { queue } = after;
  const count = Math.min(lettersOf(before), lettersOf(after));
  if (after.dead.status !== 'found') return [];
  if (count === 0) return [passed('dead-letters', 'no dead letter waits', { queue })];
  const hint =
    'Each is judged by its task within seconds: see why that fails in the log of the dead-letter function, or of the local stack. SQS keeps a dead letter for 14 days from its first enqueue; its age is not told.';
  return [
    found('dead_letters', `${amountOf(count, 'message')} in the dead-letter queue ${after.dead.name}`, hint, {
      queue,
      count,
    }),
  ];
}

function lettersOf({ dead }: QueueFacts): number {
  return dead.status === 'found' ? dead.visible + dead.delayed + dead.inFlight : 0;
}

/** @param sent undefined: a dry run, nothing was sent */
export function judgeChunks(facts: QueueFacts, sent: ChunksSent | undefined): CheckResult[] {
  const { queue } = facts;
  const results: CheckResult[] = [];
  if (sent && sent.sent > 0) {
    const message = `sent ${amountOf(sent.sent, 'chunk')} of batches that a loader had stored and not sent`;
    results.push(found('chunks_sent', message, '', { queue, count: sent.sent }));
  }
  const left = sent ? sent.left : facts.unsent.due;
  if (left > 0) {
    const hint = sent
      ? 'They could not be sent: the log of the API says why.'
      : 'Run the doctor without --dry-run, or wait for the minute run: both send them.';
    results.push(
      found(
        'chunks_unsent',
        `stored and not sent: ${amountOf(left, 'chunk')}${left >= 100 ? ', or more' : ''}`,
        hint,
        { queue, count: left },
      ),
    );
  }
  return results.length > 0 ? results : [passed('chunks', 'every stored chunk is sent', { queue })];
}

export function judgeWorkers({ queue, workers }: QueueFacts): CheckResult[] {
  if (workers.stale.length === 0) {
    return [
      passed(
        'workers',
        `${amountOf(workers.live, 'live worker')}, ${amountOf(workers.running, 'program')} running`,
        { queue },
      ),
    ];
  }
  const message = `silent for a lease: ${amountOf(workers.stale.length, 'worker')}, killed or cut off from the table`;
  const hint = 'Their tasks are taken over when their leases have passed; their rows expire by themselves.';
  return [
    found('workers_stale', message, hint, {
      queue,
      count: workers.stale.length,
      examples: workers.stale.slice(0, 100),
    }),
  ];
}

export function judgeLedgers({ queue, ledgers }: QueueFacts): CheckResult[] {
  if (ledgers.overdue === 0) {
    return [
      passed('ledgers', `${amountOf(ledgers.listed, 'ledger')} not folded yet, none overdue`, { queue }),
    ];
  }
  const message = `not folded after an hour: ${amountOf(ledgers.overdue, 'ledger')} of processes that have ended`;
  const hint =
    'The minute run folds them: see why it fails, in the log of the launcher function or of the local stack. Counts stay exact, but reading them costs more and more.';
  return [found('ledgers_not_folded', message, hint, { queue, count: ledgers.overdue })];
}

/** What was settled, where that was asked for. */
export function judgeSettled(queue: string, settled: Settled | undefined): CheckResult[] {
  if (!settled || settled.settled.length === 0) return [];
  const count = settled.settled.length;
  const message = `counted ${amountOf(count, 'end')} that no ledger had counted`;
  return [found('ends_settled', message, '', { queue, count, examples: settled.settled.slice(0, 100) })];
}
