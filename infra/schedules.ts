import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DEAD_LETTER_RETENTION_SECONDS } from '../src/core/limits.ts';
import type { TaskQueue } from './task-queue.ts';

/** What schedules and long delays need of EventBridge Scheduler: a group, a role that sends, and a place for what could not be sent. */
export class Schedules extends Construct {
  readonly group: CfnScheduleGroup;
  readonly role: Role;
  /** Firings that were tried for a day in vain. */
  readonly undelivered: Queue;

  constructor(scope: Construct, id: string, queues: readonly TaskQueue[]) {
    super(scope, id);
    this.group = new CfnScheduleGroup(this, 'Group');
    // Named by CloudFormation: any name of ours could be that of a queue of the config.
    this.undelivered = new Queue(this, 'Undelivered', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.seconds(DEAD_LETTER_RETENTION_SECONDS),
    });
    this.role = new Role(this, 'Role', {
      description: 'Millrace: sends what schedules and delayed tasks have made due',
      // Of this account's schedules, those of this group alone: the service is everybody's.
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: { 'aws:SourceArn': this.group.attrArn },
        },
      }),
    });
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        resources: [...queues.map(({ queue }) => queue.queueArn), this.undelivered.queueArn],
      }),
    );
  }

  /** MILLRACE_SCHEDULER, see src/aws/eventbridge-scheduler.ts. */
  toJson(): string {
    return Stack.of(this).toJsonString({
      group: this.group.ref,
      roleArn: this.role.roleArn,
      deadLetterArn: this.undelivered.queueArn,
    });
  }

  /** Making and removing schedules of the group, that send as this role does and no other. */
  grantSchedule(grantee: IGrantable): void {
    const allow = (statement: ConstructorParameters<typeof PolicyStatement>[0]) =>
      grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement(statement));
    const arn = (resourceName: string) =>
      Stack.of(this).formatArn({ service: 'scheduler', resource: 'schedule', resourceName });
    allow({
      actions: ['CreateSchedule', 'GetSchedule', 'UpdateSchedule', 'DeleteSchedule'].map(
        (action) => `scheduler:${action}`,
      ),
      resources: [arn(`${this.group.ref}/*`)],
    });
    // Asked of all schedules of the account, whichever group the request names.
    allow({ actions: ['scheduler:ListSchedules'], resources: [arn('*/*')] });
    allow({
      actions: ['iam:PassRole'],
      resources: [this.role.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    });
  }
}
