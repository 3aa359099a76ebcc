import { describe, expect, it } from 'vitest';
import { MAX_TIMEOUT_SECONDS } from '../../src/core/limits.ts';
import { synthesise } from './synthesised.ts';

const stack = synthesise({
  alarmEmail: 'ops@example.com',
  queues: [{ name: 'default' }, { name: 'reports' }],
});

describe('alarms', () => {
  const alarms = [...stack.ofType('AWS::CloudWatch::Alarm')];

  it('watch each queue, and the functions whose failure stops all', () => {
    expect(alarms.map(([path]) => path.replace('Alarms/', '')).sort()).toEqual([
      'DeadLetterErrors',
      'DeadLetters-default',
      'DeadLetters-reports',
      'FailedTasks-default',
      'FailedTasks-reports',
      'LauncherErrors',
      'OldestMessage-default',
      'OldestMessage-reports',
      'UndeliveredFirings',
    ]);
  });

  it('are mailed, say what they mean, and take silence for good news', () => {
    for (const [path, { Properties: alarm }] of alarms) {
      expect(alarm['AlarmActions'], path).toHaveLength(1);
      expect(String(alarm['AlarmDescription']).length, path).toBeGreaterThan(30);
      expect(alarm['TreatMissingData'], path).toBe('notBreaching');
      expect(alarm['Metrics'], path).toBeUndefined(); // no metric math: each costs as many alarms as it has metrics
    }
  });

  it('are not raised by a task that runs for as long as one may', () => {
    const { Threshold: seconds } = stack.resource('Alarms/OldestMessage-default').Properties;
    expect(seconds).toBeGreaterThan(MAX_TIMEOUT_SECONDS);
  });

  it('reach a topic that CloudWatch of this account alone may publish to, by TLS alone', () => {
    const [policy] = [...stack.ofType('AWS::SNS::TopicPolicy').values()];
    const { Statement: statements } = policy?.Properties['PolicyDocument'] as {
      Statement: Record<string, unknown>[];
    };
    const allowed = statements.filter(({ Effect: effect }) => effect === 'Allow');
    expect(allowed).toMatchObject([
      {
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    expect(statements.filter(({ Effect: effect }) => effect === 'Deny')).toHaveLength(1);
  });

  it('are not mailed where no address is given', () => {
    expect(synthesise().ofType('AWS::SNS::Topic').size).toBe(0);
  });
});

describe('FAILED tasks', () => {
  it('are counted from log lines, by queue, in this stack’s own namespace', () => {
    const filters = [...stack.ofType('AWS::Logs::MetricFilter').values()];
    expect(filters).toHaveLength(2);
    for (const { Properties: filter } of filters) {
      expect(filter['FilterPattern']).toBe('{ ($.msg = "task FAILED*") && ($.stream NOT EXISTS) }');
      expect(filter['MetricTransformations']).toMatchObject([
        {
          MetricNamespace: 'Millrace/Millrace',
          MetricName: 'FailedTasks',
          Dimensions: [{ Key: 'Queue', Value: '$.queue' }],
        },
      ]);
    }
    expect(stack.resource('Alarms/FailedTasks-reports').Properties).toMatchObject({
      Namespace: 'Millrace/Millrace',
      MetricName: 'FailedTasks',
      Dimensions: [{ Name: 'Queue', Value: 'reports' }],
    });
  });
});

describe('the table', () => {
  it('is kept and protected unless the config says otherwise', () => {
    const table = (of: typeof stack) => of.resource('Table/Table');
    expect(table(stack).DeletionPolicy).toBe('Retain');
    expect(table(stack).Properties['Replicas']).toMatchObject([
      {
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    ]);
    const unprotected = table(synthesise({ deletionProtection: false }));
    expect(unprotected.DeletionPolicy).toBe('Delete');
    expect(unprotected.Properties['Replicas']).toMatchObject([{ DeletionProtectionEnabled: false }]);
  });
});

describe('queues', () => {
  it('are encrypted, and refuse what is not TLS', () => {
    const queues = [...stack.ofType('AWS::SQS::Queue')];
    expect(queues).toHaveLength(5);
    for (const [path, { Properties: queue }] of queues) {
      expect(queue['SqsManagedSseEnabled'], path).toBe(true);
      const policy = JSON.stringify(stack.resource(`${path}/Policy`).Properties);
      expect(policy, path).toContain('"aws:SecureTransport":"false"');
    }
  });
});

describe('outputs', () => {
  it('are those by which the command finds a stack', () => {
    const { Outputs: outputs } = stack.template.toJSON() as { Outputs: Record<string, unknown> };
    expect(Object.keys(outputs).sort()).toEqual([
      'ApiUrl',
      'ClusterName',
      'DeadLetterQueueUrlDefault',
      'DeadLetterQueueUrlReports',
      'LauncherFunction',
      'QueueUrlDefault',
      'QueueUrlReports',
      'Queues',
      'TableName',
      'UndeliveredQueueUrl',
      'WorkerLogGroup',
    ]);
  });
});

describe('what an app may ask of the construct', () => {
  it('gives metrics and program roles by the name of a queue', () => {
    const { millrace } = synthesise({ queues: [{ name: 'default', programRole: [] }, { name: 'reports' }] });
    expect(millrace.metricWaiting('default').metricName).toBe('ApproximateNumberOfMessagesVisible');
    expect(millrace.metricOldestMessage('default').metricName).toBe('ApproximateAgeOfOldestMessage');
    expect(millrace.metricDeadLetters('default').metricName).toBe('ApproximateNumberOfMessagesVisible');
    expect(millrace.metricFailedTasks('default').metricName).toBe('FailedTasks');
    expect(millrace.programRole('default')).toBeDefined();
    expect(() => millrace.programRole('reports')).toThrow(/set its programRole/);
    expect(() => millrace.metricWaiting('nobody')).toThrow(
      'There is no queue nobody; there are: default, reports',
    );
  });
});
