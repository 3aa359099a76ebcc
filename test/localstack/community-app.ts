/**
 * The parts of the stack that LocalStack's community edition has services for: queues, table, and the two functions
 * that need nothing else. It has no HTTP APIs and no ECS, so the API function is invoked directly.
 */
import { App, Aspects, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnQueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { ApiFunction } from '../../infra/api-function.ts';
import { parseConfig, toDefinition } from '../../infra/config.ts';
import { DeadLetterFunction } from '../../infra/dead-letter-function.ts';
import { toQueuesVariable } from '../../infra/function-environment.ts';
import { Schedules } from '../../infra/schedules.ts';
import { TaskQueue } from '../../infra/task-queue.ts';
import { TaskTable } from '../../infra/task-table.ts';
import type { EmulatedContext } from '../support/cdk.ts';

const app = new App();
const context = JSON.parse(app.node.getContext('emulated') as string) as EmulatedContext;
const stack = new Stack(app, context.stack);
const config = parseConfig({ queues: context.queues, deletionProtection: false });
const prefix = `${context.stack}-`;

const { table } = new TaskTable(stack, 'Table', config);
table.applyRemovalPolicy(RemovalPolicy.DESTROY);
const queues = config.queues.map(
  (queue) => new TaskQueue(stack, `Queue-${queue.name}`, { definition: queue, prefix }),
);
const queuesJson = toQueuesVariable(
  config.queues.map((queue) => toDefinition(queue)),
  prefix,
);
const common = {
  table,
  queues,
  environment: {
    MILLRACE_TABLE: table.tableName,
    MILLRACE_QUEUES: queuesJson,
    MILLRACE_QUEUE_PREFIX: prefix,
  },
  logRetention: RetentionDays.ONE_DAY,
};
// Waking a launcher that is not there fails after the task is accepted, and is made up for by nothing here.
const launcher = Function.fromFunctionName(stack, 'Launcher', `${context.stack}-no-launcher`);
const schedules = new Schedules(stack, 'Schedules', queues);
const api = new ApiFunction(stack, 'Api', { ...common, launcher, schedules, concurrency: undefined });
new DeadLetterFunction(stack, 'DeadLetter', common);

const outputs = { TableName: table.tableName, Queues: queuesJson, ApiFunction: api.function.functionName };
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value });
for (const { queue, dead } of queues) {
  new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
  new CfnOutput(stack, 'DeadLetterQueueUrl', { value: dead.queueUrl });
}

Aspects.of(app).add({
  visit(node) {
    // The denial of all that is not TLS: the emulator speaks plain HTTP.
    if (node instanceof CfnQueuePolicy) node.node.scope?.node.tryRemoveChild(node.node.id);
  },
});
