import { Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MAX_VISIBILITY_MS } from '../src/core/limits.ts';
import { deadLetters, failedTasks, oldestMessage, PERIOD, visibleMessages } from './metrics.ts';
import type { TaskQueue } from './task-queue.ts';

export interface AlarmsProps {
  readonly queues: readonly TaskQueue[];
  readonly launcher: IFunction;
  readonly deadLetterFunction: IFunction;
  /** Where EventBridge Scheduler leaves what it could not send. */
  readonly undelivered: IQueue;
  /** FAILED tasks of a queue in five minutes. */
  readonly failedTasks: number;
  readonly email: string | undefined;
  /** Told of every alarm, besides `email`. */
  readonly topic: ITopic | undefined;
}

/** What someone should look at: each alarm says what it means and where to go on. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];
  /** Where alarms are mailed from; absent without an address. */
  readonly topic: Topic | undefined;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.alarms = [
      ...props.queues.flatMap((queue) => this.#watchQueue(queue, props.failedTasks)),
      this.#watchFunction(
        'LauncherErrors',
        props.launcher,
        'No workers are launched; what is enqueued waits. See the log of the launcher function.',
      ),
      this.#watchFunction(
        'DeadLetterErrors',
        props.deadLetterFunction,
        'Dead letters are not judged; they are kept for 14 days. See the log of the dead-letter function.',
      ),
      this.#watch(
        'UndeliveredFirings',
        visibleMessages(props.undelivered),
        1,
        1,
        'Schedules or delayed tasks could not be sent for a day; they are kept for 14 days. See docs/schedules.md.',
      ),
    ];
    this.topic = props.email === undefined ? undefined : this.#makeTopic(props.email);
    for (const topic of [this.topic, props.topic]) {
      if (topic) for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(topic));
    }
  }

  #watchQueue(queue: TaskQueue, failedThreshold: number): Alarm[] {
    const { name } = queue;
    return [
      // The function empties it within minutes; what is there for a quarter of an hour, it could not judge.
      this.#watch(
        `DeadLetters-${name}`,
        deadLetters(queue),
        1,
        3,
        `Dead letters of ${name} stay. See docs/deploy.md.`,
      ),
      // A running task keeps its message, for 11 h at most: an older one is not being worked on.
      this.#watch(
        `OldestMessage-${name}`,
        oldestMessage(queue),
        MAX_VISIBILITY_MS / 1000,
        1,
        `A task of ${name} has been waiting for 12 h: more or larger workers are needed, or the queue is paused.`,
      ),
      this.#watch(
        `FailedTasks-${name}`,
        failedTasks(this, name),
        failedThreshold,
        1,
        `Tasks of ${name} have FAILED: millrace peek ${name} failed`,
      ),
    ];
  }

  /** Three periods of five: a single error is made up for by the next minute's run. */
  #watchFunction(id: string, fn: IFunction, description: string): Alarm {
    return this.#watch(id, fn.metricErrors({ period: PERIOD }), 1, 3, description);
  }

  #watch(id: string, metric: Metric, threshold: number, periods: number, description: string): Alarm {
    return new Alarm(this, id, {
      metric,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING, // SQS says nothing of a queue that has been idle for hours
      alarmDescription: description,
    });
  }

  #makeTopic(email: string): Topic {
    // Not encrypted with the key of SNS: CloudWatch may not use that one, and alarms would be lost in silence.
    const topic = new Topic(this, 'Topic', { displayName: 'Millrace alarms', enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    const publish = topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com'));
    // A policy of its own takes the place of the one by which the account's own alarms may publish.
    publish.resourceStatement?.addCondition('StringEquals', { 'aws:SourceAccount': Stack.of(this).account });
    return topic;
  }
}
