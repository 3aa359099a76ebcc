import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { TaskQueue } from './task-queue.ts';

/** SQS and the log filters report each minute; five are what an alarm and a graph can act on. */
export const PERIOD = Duration.minutes(5);
const FAILED_TASKS = 'FailedTasks';
/** A line of a worker's own; what a program prints bears its `stream`. */
const FAILED_LINE = '{ ($.msg = "task FAILED*") && ($.stream NOT EXISTS) }';

/**
 * Counts FAILED tasks from the lines that workers log anyway: a metric that workers send themselves would be one
 * more request a task.
 */
export function countFailedTasks(scope: Construct, id: string, logGroup: ILogGroup): void {
  new MetricFilter(scope, id, {
    logGroup,
    metricNamespace: namespaceOf(scope),
    metricName: FAILED_TASKS,
    metricValue: '1',
    filterPattern: FilterPattern.literal(FAILED_LINE),
    dimensions: { Queue: '$.queue' },
  });
}

export function failedTasks(scope: Construct, queue: string): Metric {
  return new Metric({
    namespace: namespaceOf(scope),
    metricName: FAILED_TASKS,
    dimensionsMap: { Queue: queue },
    statistic: Stats.SUM,
    period: PERIOD,
  });
}

/** Messages that a worker could receive now. */
export function waitingMessages({ queue }: TaskQueue): Metric {
  return visibleMessages(queue);
}

export function visibleMessages(queue: IQueue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({
    statistic: Stats.MAXIMUM,
    period: PERIOD,
  });
}

/** Messages that workers hold. */
export function heldMessages({ queue }: TaskQueue): Metric {
  return queue.metricApproximateNumberOfMessagesNotVisible({
    statistic: Stats.MAXIMUM,
    period: PERIOD,
  });
}

/** Seconds since the oldest message that is still there was sent. */
export function oldestMessage({ queue }: TaskQueue): Metric {
  return queue.metricApproximateAgeOfOldestMessage({
    statistic: Stats.MAXIMUM,
    period: PERIOD,
  });
}

export function deadLetters({ dead }: TaskQueue): Metric {
  return visibleMessages(dead);
}

/** Two stacks of one account do not count into each other's. */
function namespaceOf(scope: Construct): string {
  return `Millrace/${Stack.of(scope).stackName}`;
}
