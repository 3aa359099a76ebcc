import { amountOf } from '../amounts.ts';
import { RESEND_AFTER_MS } from '../limits.ts';
import { isAtRest, mayHaveAged, type Counting } from './compare-counts.ts';
import type { BatchFacts } from './doctor-source.ts';
import { found, passed, type CheckResult } from './finding.ts';
import type { QueueFacts } from './queue-facts.ts';

/** What is judged by the rows of a queue and its messages together. */

/** Ends that no ledger counts: whoever gets the task's message sees to them, so a message must be left. */
export function judgeUncounted(counting: Counting): CheckResult[] {
  const { rows, after } = counting;
  const { queue } = after;
  const { count, examples } = rows.lying;
  if (count === 0) return [passed('uncounted', 'every end is counted', { queue })];
  const at = { queue, count, examples };
  if (messagesOf(after) > 0) {
    const message = `${amountOf(count, 'end')} waiting to be counted by whoever gets the message next`;
    return [found('ends_waiting', message, 'Let a worker run.', at)];
  }
  const message = `${amountOf(count, 'end')} not counted, and no message left that would see to it`;
  return [
    found(
      'ends_uncounted',
      message,
      '`millrace doctor --fix` counts them, each once, a hundred in a run.',
      at,
    ),
  ];
}

/** Every task that has not ended owes its end to a message. SQS loses a message after ten days. */
export function judgeMessages(counting: Counting, batches: readonly BatchFacts[]): CheckResult[] {
  const { before, rows, after } = counting;
  const { queue } = after;
  const messages = Math.max(messagesOf(before), messagesOf(after));
  const isKnown = after.main.status === 'found' && after.dead.status === 'found';
  const isSent = after.unsent.due + after.unsent.fresh === 0;
  if (!isKnown || !isSent) return [];
  const open = rows.pending + rows.running;
  const unclaimed = batches
    .filter(({ createdAt }) => !mayHaveAged(createdAt, after.at))
    .reduce((sum, { id, total }) => sum + Math.max(0, total - (rows.batches.get(id)?.rows ?? 0)), 0);
  const missing = open + unclaimed - messages;
  if (missing <= 0 || !isAtRest(counting)) {
    return [
      passed(
        'messages',
        `${amountOf(messages, 'message')} for ${amountOf(open + unclaimed, 'task')} to be ended`,
        { queue },
      ),
    ];
  }
  const hint =
    'They will not end by themselves: SQS loses a message after ten days, or the queue was deleted with its messages. `millrace list` and `millrace peek` show them; cancel them, and enqueue them anew.';
  return [
    found(
      'tasks_without_message',
      `${amountOf(missing, 'task')} not ended, and no message left for them`,
      hint,
      {
        queue,
        count: missing,
        expected: `at least ${open + unclaimed} messages`,
        got: `${messages}`,
        examples: rows.expired.examples,
      },
    ),
  ];
}

export function judgeLeases({ rows, after }: Counting): CheckResult[] {
  const { queue } = after;
  const { count, examples } = rows.expired;
  if (count === 0) return [passed('leases', 'no lease has passed', { queue })];
  const message = `${amountOf(count, 'task')} RUNNING on a lease that has passed: the worker seems to be dead`;
  const hint = `They are taken over when a worker gets their messages: millrace work ${queue} until-empty, or millrace workers ${queue} --count 1.`;
  return [found('leases_expired', message, hint, { queue, count, examples })];
}

export function judgeVersions({ rows, after }: Counting): CheckResult[] {
  const { queue } = after;
  const { count, examples } = rows.newer;
  if (count === 0)
    return [passed('versions', `${amountOf(rows.rows, 'row')}, none of a newer version`, { queue })];
  const message = `${amountOf(count, 'row')} of a newer version: this recount leaves them out`;
  const hint = 'Upgrade this Millrace to the version that wrote them.';
  return [found('rows_newer', message, hint, { queue, count, examples })];
}

/** What waits, and for how long it still may. */
export function judgeBacklog(counting: Counting, batches: readonly BatchFacts[]): CheckResult[] {
  const { after } = counting;
  const { queue, main, paused, purgedBefore } = after;
  const results: CheckResult[] = [];
  const waiting = main.status === 'found' ? main.visible + main.delayed : 0;
  const oldest = oldestWaiting(counting, batches);
  const ageMs = oldest === undefined ? 0 : Date.parse(after.at) - Date.parse(oldest);
  const age = oldest === undefined ? '' : `, the oldest task since ${oldest}`;
  const isTended = !paused && after.workers.live > 0;
  if (waiting > 0 && !isTended && ageMs >= RESEND_AFTER_MS) {
    const message = `${amountOf(waiting, 'message')} waiting, and nobody runs them${age}`;
    const hint = `Resume the queue (millrace resume ${queue}) and let a worker run, or purge it. Until then the minute run renews what SQS would forget.`;
    results.push(found('backlog_old', message, hint, { queue, count: waiting }));
  } else if (paused && waiting > 0) {
    const hint = `millrace resume ${queue} lets workers go on.`;
    const message = `it is paused, with ${amountOf(waiting, 'message')} waiting${age}`;
    results.push(found('paused_with_backlog', message, hint, { queue, count: waiting }));
  } else if (paused) {
    results.push(found('paused', 'it is paused; nothing waits', `millrace resume ${queue}`, { queue }));
  }
  if (purgedBefore !== undefined && waiting > 0) {
    const message = `it was purged: tasks enqueued before ${purgedBefore} are cancelled when a worker gets them`;
    results.push(found('purge_in_effect', message, '', { queue }));
  }
  return results.length > 0
    ? results
    : [passed('backlog', `${amountOf(waiting, 'message')} waiting${age}`, { queue })];
}

function oldestWaiting({ rows, after }: Counting, batches: readonly BatchFacts[]): string | undefined {
  const unclaimed = batches
    .filter(({ id, total, createdAt }) => {
      return !mayHaveAged(createdAt, after.at) && total > (rows.batches.get(id)?.rows ?? 0);
    })
    .map(({ createdAt }) => createdAt);
  return [...unclaimed, ...(rows.oldestOpen === undefined ? [] : [rows.oldestOpen])].sort()[0];
}

function messagesOf({ main, dead }: QueueFacts): number {
  const sum = (sqs: QueueFacts['main']) =>
    sqs.status === 'found' ? sqs.visible + sqs.delayed + sqs.inFlight : 0;
  return sum(main) + sum(dead);
}
