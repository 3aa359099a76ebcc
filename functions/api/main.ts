import { setTimeout as sleep } from 'node:timers/promises';
import { deflateRawSync } from 'node:zlib';
import { makeHealth } from '../../src/api/health.ts';
import { functionCaller } from '../../src/aws/function-services.ts';
import { makeInvoker, makeLambdaWaker, orderWorkers } from '../../src/aws/lambda-launcher.ts';
import { makeSettlers } from '../../src/core/settlers.ts';
import manifest from '../../package.json' with { type: 'json' };
import { required } from '../deployed-ports.ts';
import { makeSchedulingPorts } from '../scheduling-ports.ts';
import { makeApiHandler } from './handler.ts';

const LAUNCH_MS = 27_000; // the function itself has 29 s
const WAKE_MS = 2000; // whoever enqueues waits for it; the launcher looks every minute anyway

const { ports, inspector } = makeSchedulingPorts(process.env, (line) => process.stdout.write(line));
const launcher = required(process.env, 'MILLRACE_LAUNCHER_FUNCTION');
const lambda = functionCaller(process.env, 'lambda');
const launching = makeInvoker(lambda, LAUNCH_MS);

export const handler = makeApiHandler({
  ports,
  inspector,
  settlerOf: makeSettlers(ports),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }).then(undefined, () => {}),
  compressedBytes: (text) => deflateRawSync(text).length,
  health: makeHealth(ports),
  version: manifest.version,
  waker: makeLambdaWaker(makeInvoker(lambda, WAKE_MS), launcher, ports.log, () => performance.now()),
  startWorkers: (definition, request) => orderWorkers(launching, launcher, definition.name, request),
});
