import type { AwsServices } from '../src/aws/aws-services.ts';
import { makeEnvCatalog } from '../src/aws/env-catalog.ts';
import { makeFunctionServices } from '../src/aws/function-services.ts';
import { makeInspector } from '../src/aws/inspect.ts';
import { makeAwsPorts } from '../src/aws/make-aws-ports.ts';
import type { Inspector } from '../src/core/doctor/inspector.ts';
import type { Ports } from '../src/core/ports.ts';
import { DEFAULT_QUEUE_PREFIX } from '../src/core/table-definition.ts';
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

/** @throws Error when the stack has not set it */
export function required(env: Env, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(
    `${name}: expected a value in the environment of this function, which its stack sets; got none`,
  );
}
