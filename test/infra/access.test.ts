import { describe, expect, it } from 'vitest';
import { batchKey, chunkKey, ledgerKey, queueKey, taskKey, workerKey } from '../../src/aws/keys.ts';
import { resolveText, rightsOf, type RequestContext } from './rights.ts';
import { synthesise } from './synthesised.ts';

const stack = synthesise({
  queues: [
    { name: 'default', programRole: [{ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::inputs/*'] }] },
    { name: 'reports' },
    { name: 'always', minWorkers: 1 },
  ],
});
const TABLE = '<Table/Table.Arn>';
const DEFAULT = '<Queue-default/Queue.Arn>';
const DEFAULT_DEAD = '<Queue-default/DeadLetters.Arn>';
const REPORTS = '<Queue-reports/Queue.Arn>';
const CLUSTER = '<Workers/Cluster/Cluster.Arn>';
const LAUNCHER = '<Functions/Launcher/Function.Arn>';
const ECS = 'arn:aws:ecs:eu-west-1:111122223333';

const worker = rightsOf(stack, 'Workers/Worker-default/TaskRole');
const execution = rightsOf(stack, 'Workers/Worker-default/TaskDefinition/ExecutionRole');
const program = rightsOf(stack, 'Workers/Worker-default/ProgramRole/Role');
const api = rightsOf(stack, 'Functions/Api/Role');
const launcher = rightsOf(stack, 'Functions/Launcher/Role');
const deadLetter = rightsOf(stack, 'Functions/DeadLetter/Role');

const rows = (...keys: readonly { pk: string }[]): RequestContext => ({
  'dynamodb:LeadingKeys': keys.map(({ pk }) => pk),
});
const inCluster: RequestContext = { 'ecs:cluster': CLUSTER };
const task = rows(taskKey('t1'));
const READS = ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:Scan'];
const WRITES = [
  ...['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem'],
  ...['PartiQLInsert', 'PartiQLUpdate', 'PartiQLDelete'],
].map((action) => `dynamodb:${action}`);
const TAKES = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:PurgeQueue'];
const STARTS = ['ecs:RunTask', 'ecs:StartTask', 'ecs:StopTask', 'iam:PassRole'];

describe('a worker', () => {
  it('receives, keeps, deletes and sends in its own queue', () => {
    for (const action of [
      ...TAKES.slice(0, 3),
      'sqs:SendMessage',
      'sqs:GetQueueUrl',
      'sqs:GetQueueAttributes',
    ]) {
      expect(worker.allows(action, DEFAULT), action).toBe(true);
    }
  });

  it('touches no other queue, and no dead letters', () => {
    for (const action of [...TAKES, 'sqs:SendMessage']) {
      expect(worker.allows(action, REPORTS), action).toBe(false);
      expect(worker.allows(action, DEFAULT_DEAD), action).toBe(false);
    }
  });

  it('purges and changes not even its own queue', () => {
    for (const action of ['sqs:PurgeQueue', 'sqs:SetQueueAttributes', 'sqs:DeleteQueue']) {
      expect(worker.allows(action, DEFAULT), action).toBe(false);
    }
  });

  it('reads and writes the rows of tasks, ledgers and reports of its queue', () => {
    for (const action of ['dynamodb:UpdateItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'])
      expect(worker.allows(action, TABLE, task), action).toBe(true);
    expect(worker.allows('dynamodb:UpdateItem', TABLE, rows(ledgerKey('default', 'l')))).toBe(true);
    expect(worker.allows('dynamodb:DeleteItem', TABLE, rows(workerKey('default', 'w')))).toBe(true);
    expect(worker.allows('dynamodb:GetItem', TABLE, rows(chunkKey('b', 1)))).toBe(true);
  });

  it('neither deletes tasks, nor writes batches, nor touches another queue’s rows', () => {
    expect(worker.allows('dynamodb:DeleteItem', TABLE, task)).toBe(false);
    for (const action of WRITES)
      expect(worker.allows(action, TABLE, rows(batchKey('b'))), action).toBe(false);
    for (const action of [...READS.slice(0, 3), ...WRITES]) {
      expect(worker.allows(action, TABLE, rows(queueKey('reports'))), action).toBe(false);
    }
  });

  it('never scans the table, and lists nothing by its indexes', () => {
    expect(worker.allows('dynamodb:Scan', TABLE)).toBe(false);
    expect(worker.allows('dynamodb:Query', `${TABLE}/index/byTime`)).toBe(false);
  });

  it('starts no workers and invokes no function', () => {
    for (const action of STARTS) expect(worker.allows(action, '*', inCluster), action).toBe(false);
    expect(worker.allows('lambda:InvokeFunction', LAUNCHER)).toBe(false);
  });

  it('protects itself from scale-in only where it belongs to a service', () => {
    const own = `${ECS}:task/<Workers/Cluster/Cluster>/abc`;
    const always = rightsOf(stack, 'Workers/Worker-always/TaskRole');
    expect(always.allows('ecs:UpdateTaskProtection', own, inCluster)).toBe(true);
    expect(always.allows('ecs:UpdateTaskProtection', own, { 'ecs:cluster': 'another' })).toBe(false);
    expect(worker.allows('ecs:UpdateTaskProtection', own, inCluster)).toBe(false);
  });
});

describe('the programs of a queue', () => {
  it('have what the config gives them, by a role apart from the worker’s', () => {
    expect(program.list).toEqual(['s3:GetObject on arn:aws:s3:::inputs/*']);
    expect(worker.allows('s3:GetObject', 'arn:aws:s3:::inputs/a')).toBe(false);
  });

  it('have their role from the workers of their own queue alone', () => {
    const role = '<Workers/Worker-default/ProgramRole/Role.Arn>';
    expect(worker.allows('sts:AssumeRole', role)).toBe(true);
    expect(rightsOf(stack, 'Workers/Worker-reports/TaskRole').allows('sts:AssumeRole', role)).toBe(false);
    const { AssumeRolePolicyDocument: trust } = stack.resource(
      'Workers/Worker-default/ProgramRole/Role',
    ).Properties;
    const { Statement: statements } = trust as { Statement: { Principal: { AWS: unknown } }[] };
    expect(statements.map(({ Principal: { AWS: who } }) => resolveText(stack, who))).toEqual([
      '<Workers/Worker-default/TaskRole.Arn>',
    ]);
  });

  it('have no rights in AWS where the config gives none', () => {
    const reports = rightsOf(stack, 'Workers/Worker-reports/TaskRole');
    expect(reports.list.filter((right) => right.startsWith('sts:'))).toEqual([]);
  });
});

describe('the role that starts containers', () => {
  it('writes the workers’ log and no more', () => {
    expect(execution.list).toEqual([
      'logs:CreateLogStream on <Workers/Cluster/Logs.Arn>',
      'logs:PutLogEvents on <Workers/Cluster/Logs.Arn>',
    ]);
  });
});

describe('the API', () => {
  it('sends and counts messages, and takes none', () => {
    for (const queue of [DEFAULT, REPORTS]) {
      for (const action of ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes']) {
        expect(api.allows(action, queue), action).toBe(true);
      }
      for (const action of TAKES) expect(api.allows(action, queue), action).toBe(false);
    }
    for (const action of [...TAKES, 'sqs:SendMessage'])
      expect(api.allows(action, DEFAULT_DEAD), action).toBe(false);
    expect(api.allows('sqs:GetQueueAttributes', DEFAULT_DEAD)).toBe(true);
  });

  it('reads and writes rows, lists by both indexes, and deletes and scans nothing', () => {
    for (const action of [...READS.slice(0, 3), ...WRITES.slice(0, 2)]) {
      expect(api.allows(action, TABLE, task), action).toBe(true);
    }
    for (const index of ['byTime', 'open']) {
      expect(api.allows('dynamodb:Query', `${TABLE}/index/${index}`), index).toBe(true);
    }
    for (const action of ['dynamodb:Scan', 'dynamodb:DeleteItem', 'dynamodb:DeleteTable']) {
      expect(api.allows(action, TABLE, task), action).toBe(false);
    }
  });

  it('invokes the launcher, and starts no worker itself', () => {
    expect(api.allows('lambda:InvokeFunction', LAUNCHER)).toBe(true);
    expect(api.allows('lambda:InvokeFunction', '<Functions/DeadLetter/Function.Arn>')).toBe(false);
    for (const action of STARTS) expect(api.allows(action, '*', inCluster), action).toBe(false);
  });
});

describe('schedules', () => {
  const SCHEDULES = 'arn:aws:scheduler:eu-west-1:111122223333:schedule';
  const group = '<Schedules/Group>';
  const sender = '<Schedules/Role.Arn>';
  const CHANGES = ['Create', 'Get', 'Update', 'Delete'].map((verb) => `scheduler:${verb}Schedule`);

  it('are made and removed by the API, in the group of the stack and no other', () => {
    for (const action of CHANGES) {
      expect(api.allows(action, `${SCHEDULES}/${group}/t.1`), action).toBe(true);
      expect(api.allows(action, `${SCHEDULES}/default/payroll`), action).toBe(false);
      for (const other of [worker, launcher, deadLetter]) {
        expect(other.allows(action, `${SCHEDULES}/${group}/t.1`), action).toBe(false);
      }
    }
    expect(api.allows('scheduler:ListSchedules', `${SCHEDULES}/${group}/*`)).toBe(true);
    expect(api.allows('scheduler:DeleteScheduleGroup', '<Schedules/Group.Arn>')).toBe(false);
  });

  it('send by a role that the API hands to the scheduler alone', () => {
    const to = (service: string) => ({ 'iam:PassedToService': `${service}.amazonaws.com` });
    expect(api.allows('iam:PassRole', sender, to('scheduler'))).toBe(true);
    expect(api.allows('iam:PassRole', sender, to('lambda'))).toBe(false);
    expect(api.allows('iam:PassRole', '<Workers/Worker-default/TaskRole.Arn>', to('scheduler'))).toBe(false);
  });

  it('send messages to the queues, and to where undelivered ones are kept, and do nothing else', () => {
    expect(rightsOf(stack, 'Schedules/Role').list).toEqual([
      'sqs:SendMessage on <Queue-always/Queue.Arn>',
      'sqs:SendMessage on <Queue-default/Queue.Arn>',
      'sqs:SendMessage on <Queue-reports/Queue.Arn>',
      'sqs:SendMessage on <Schedules/Undelivered.Arn>',
    ]);
  });

  it('have a role that the scheduler takes on for this group of this account only', () => {
    const { AssumeRolePolicyDocument: trust } = stack.resource('Schedules/Role').Properties;
    const { Statement: statements } = trust as { Statement: Record<string, unknown>[] };
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatchObject({
      Principal: { Service: 'scheduler.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringContaining('Group'), 'Arn'] } },
      },
    });
  });
});

describe('the launcher', () => {
  const family = (name: string) => `${ECS}:task-definition/${name}:7`;

  it('starts this stack’s workers, in this stack’s cluster', () => {
    expect(launcher.allows('ecs:RunTask', family('Millrace-default'), inCluster)).toBe(true);
    expect(launcher.allows('ecs:RunTask', family('Millrace-default'), { 'ecs:cluster': 'another' })).toBe(
      false,
    );
    expect(launcher.allows('ecs:RunTask', family('Payroll'), inCluster)).toBe(false);
    expect(launcher.allows('ecs:RunTask', family('Millrace-default-more'), inCluster)).toBe(false);
  });

  it('hands over the workers’ roles, to ECS alone', () => {
    const toEcs = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' };
    for (const role of ['TaskRole', 'TaskDefinition/ExecutionRole']) {
      const arn = `<Workers/Worker-default/${role}.Arn>`;
      expect(launcher.allows('iam:PassRole', arn, toEcs), role).toBe(true);
      expect(launcher.allows('iam:PassRole', arn, { 'iam:PassedToService': 'lambda.amazonaws.com' })).toBe(
        false,
      );
    }
    expect(launcher.allows('iam:PassRole', '<Workers/Worker-default/ProgramRole/Role.Arn>', toEcs)).toBe(
      false,
    );
    expect(launcher.allows('iam:PassRole', 'arn:aws:iam::111122223333:role/Admin', toEcs)).toBe(false);
  });

  it('looks at the tasks of its cluster and stops none', () => {
    expect(launcher.allows('ecs:ListTasks', '*', inCluster)).toBe(true);
    expect(launcher.allows('ecs:ListTasks', '*', { 'ecs:cluster': 'another' })).toBe(false);
    expect(launcher.allows('ecs:StopTask', '*', inCluster)).toBe(false);
  });

  it('makes the row of a message that it renews, and deletes none', () => {
    for (const action of ['dynamodb:UpdateItem', 'dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Query'])
      expect(launcher.allows(action, TABLE, task), action).toBe(true);
    for (const action of ['dynamodb:DeleteItem', 'dynamodb:BatchWriteItem', 'dynamodb:Scan'])
      expect(launcher.allows(action, TABLE, task), action).toBe(false);
  });

  it('keeps the workflow of such a message, and reads or makes none', () => {
    const workflow = { 'dynamodb:LeadingKeys': ['workflow#w~1'] };
    expect(launcher.allows('dynamodb:UpdateItem', TABLE, workflow)).toBe(true);
    for (const action of ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'])
      expect(launcher.allows(action, TABLE, workflow), action).toBe(false);
  });

  it('finds unsent chunks by the index, and no FAILED tasks', () => {
    const open = `${TABLE}/index/open`;
    expect(launcher.allows('dynamodb:Query', open, { 'dynamodb:LeadingKeys': ['unsent#default'] })).toBe(
      true,
    );
    expect(launcher.allows('dynamodb:Query', open, { 'dynamodb:LeadingKeys': ['failed#default#1'] })).toBe(
      false,
    );
    expect(launcher.allows('dynamodb:Query', `${TABLE}/index/byTime`)).toBe(false);
  });

  it('sends, counts, and renews the messages of every queue; it purges none, and takes no dead letters', () => {
    for (const queue of [DEFAULT, REPORTS]) {
      for (const action of ['sqs:SendMessage', 'sqs:GetQueueAttributes', ...TAKES.slice(0, 3)])
        expect(launcher.allows(action, queue), action).toBe(true);
      expect(launcher.allows('sqs:PurgeQueue', queue)).toBe(false);
    }
    for (const action of [...TAKES, 'sqs:SendMessage'])
      expect(launcher.allows(action, DEFAULT_DEAD), action).toBe(false);
  });
});

describe('the dead-letter function', () => {
  it('takes dead letters and sends fresh copies', () => {
    expect(deadLetter.allows('sqs:ReceiveMessage', DEFAULT_DEAD)).toBe(true);
    expect(deadLetter.allows('sqs:DeleteMessage', DEFAULT_DEAD)).toBe(true);
    expect(deadLetter.allows('sqs:SendMessage', DEFAULT)).toBe(true);
  });

  it('takes nothing from the queues themselves, lists nothing, starts nothing', () => {
    for (const action of TAKES) expect(deadLetter.allows(action, DEFAULT), action).toBe(false);
    expect(deadLetter.allows('dynamodb:Query', `${TABLE}/index/open`)).toBe(false);
    expect(deadLetter.allows('dynamodb:DeleteItem', TABLE, task)).toBe(false);
    for (const action of STARTS) expect(deadLetter.allows(action, '*', inCluster), action).toBe(false);
  });
});

describe('no role of the stack', () => {
  const roles = [...stack.ofType('AWS::IAM::Role').keys()];

  it('may do everything with anything', () => {
    expect(roles).toHaveLength(11);
    for (const path of roles) {
      for (const right of rightsOf(stack, path).list) {
        expect(right, path).not.toMatch(/^(\*|[a-z]+:\*) on /);
        if (right.endsWith(' on *')) expect(right).toBe('ecs:ListTasks on *');
      }
    }
  });
});
