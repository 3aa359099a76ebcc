import { findQueueUrl, makeAwsClients, targetFromEnv, type AwsClients } from '../src/aws/aws-clients.ts';
import { makeEnvCatalog } from '../src/aws/env-catalog.ts';
import {
  makeEventBridgeScheduler,
  makeSchedulerClient,
  parseSchedulerConfig,
} from '../src/aws/eventbridge-scheduler.ts';
import { makeInspector } from '../src/aws/inspect.ts';
import { makeAwsPorts } from '../src/aws/make-aws-ports.ts';
import type { Inspector } from '../src/core/doctor/inspector.ts';
import type { Ports } from '../src/core/ports.ts';
import { DEFAULT_QUEUE_PREFIX, queueNames } from '../src/core/table-definition.ts';
import { makeFunctionLog } from './function-log.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The ports of a function, from what its stack has put into its environment. @throws Error for what is missing */
export function makeDeployedPorts(
  env: Env,
  write: (line: string) => void,
): { ports: Ports; inspector: Inspector; prefix: string; clients: AwsClients } {
  const log = makeFunctionLog(write, env['MILLRACE_LOG_LEVEL']);
  const prefix = env['MILLRACE_QUEUE_PREFIX'] ?? DEFAULT_QUEUE_PREFIX;
  const clients = makeAwsClients(targetFromEnv(env));
  const tableName = required(env, 'MILLRACE_TABLE');
  const ports = makeAwsPorts(clients, tableName, log, {
    catalog: makeEnvCatalog(env['MILLRACE_QUEUES']),
    queuePrefix: prefix,
  });
  return { ports, inspector: makeInspector(clients, tableName, prefix), prefix, clients };
}

/** The same with a scheduler, for whoever takes tasks and schedules. @throws Error for what is missing */
export function makeSchedulingPorts(
  env: Env,
  write: (line: string) => void,
): { ports: Ports; inspector: Inspector } {
  const { ports, inspector, prefix, clients } = makeDeployedPorts(env, write);
  const config = parseSchedulerConfig(required(env, 'MILLRACE_SCHEDULER'));
  const queueUrl = (queue: string) => findQueueUrl(clients.client, queueNames(queue, prefix).name);
  const scheduler = makeEventBridgeScheduler(makeSchedulerClient(), config, queueUrl, ports.digest);
  return { ports: { ...ports, scheduler }, inspector };
}

/** @throws Error when the stack has not set it */
export function required(env: Env, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(
    `${name}: expected a value in the environment of this function, which its stack sets; got none`,
  );
}
