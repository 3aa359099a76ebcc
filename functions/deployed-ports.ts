import { findQueueUrl, type AwsServices } from '../src/aws/aws-services.ts';
import { makeEnvCatalog } from '../src/aws/env-catalog.ts';
import { makeFunctionServices } from '../src/aws/function-services.ts';
import { makeInspector } from '../src/aws/inspect.ts';
import { makeLazyScheduler } from '../src/aws/lazy-scheduler.ts';
import { makeAwsPorts } from '../src/aws/make-aws-ports.ts';
import { MAX_BODY_BYTES, parseSchedulerConfig } from '../src/aws/scheduler-config.ts';
import type { Inspector } from '../src/core/doctor/inspector.ts';
import type { Ports } from '../src/core/ports.ts';
import { DEFAULT_QUEUE_PREFIX, queueNames } from '../src/core/table-definition.ts';
import { makeFunctionLog } from './function-log.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The ports of a function, from what its stack has put into its environment. @throws Error for what is missing */
export function makeDeployedPorts(
  env: Env,
  write: (line: string) => void,
): { ports: Ports; inspector: Inspector; prefix: string; services: AwsServices } {
  const log = makeFunctionLog(write, env['MILLRACE_LOG_LEVEL']);
  const prefix = env['MILLRACE_QUEUE_PREFIX'] ?? DEFAULT_QUEUE_PREFIX;
  const services = makeFunctionServices(env);
  const tableName = required(env, 'MILLRACE_TABLE');
  const ports = makeAwsPorts(services, tableName, log, {
    catalog: makeEnvCatalog(env['MILLRACE_QUEUES']),
    queuePrefix: prefix,
  });
  return { ports, inspector: makeInspector(services, tableName, prefix), prefix, services };
}

/** The same with a scheduler, for whoever takes tasks and schedules. @throws Error for what is missing */
export function makeSchedulingPorts(
  env: Env,
  write: (line: string) => void,
): { ports: Ports; inspector: Inspector } {
  const { ports, inspector, prefix, services } = makeDeployedPorts(env, write);
  const config = parseSchedulerConfig(required(env, 'MILLRACE_SCHEDULER'));
  const queueUrl = (queue: string) => findQueueUrl(services.json, queueNames(queue, prefix).name);
  const scheduler = makeLazyScheduler(MAX_BODY_BYTES, async () => {
    const { makeEventBridgeScheduler, makeSchedulerClient } =
      await import('../src/aws/eventbridge-scheduler.ts');
    return makeEventBridgeScheduler(makeSchedulerClient(), config, queueUrl, ports.digest);
  });
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
