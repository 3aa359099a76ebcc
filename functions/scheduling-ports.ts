import { findQueueUrl } from '../src/aws/aws-services.ts';
import { makeLazyScheduler } from '../src/aws/lazy-scheduler.ts';
import { MAX_BODY_BYTES, parseSchedulerConfig } from '../src/aws/scheduler-config.ts';
import type { Inspector } from '../src/core/doctor/inspector.ts';
import type { Ports } from '../src/core/ports.ts';
import { queueNames } from '../src/core/table-definition.ts';
import { makeDeployedPorts, required, type Env } from './deployed-ports.ts';

/** The ports of a function with a scheduler, for whoever takes tasks and schedules. @throws Error for what is missing */
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
