import { ECSClient } from '@aws-sdk/client-ecs';
import { makeEcsLauncher } from '../../src/aws/ecs-launcher.ts';
import { parseLaunchConfig } from '../../src/aws/launch-config.ts';
import { makeDeployedPorts, required } from '../deployed-ports.ts';
import { makeLauncherHandler } from './handler.ts';

const { ports } = makeDeployedPorts(process.env, (line) => process.stdout.write(line));
// Without the last of them the SDK only writes a warning, and waits until the function is cut off.
const ecs = new ECSClient({
  requestHandler: { connectionTimeout: 2000, requestTimeout: 10_000, throwOnRequestTimeout: true },
});

export const handler = makeLauncherHandler({
  ports,
  launcher: makeEcsLauncher(ecs, parseLaunchConfig(required(process.env, 'MILLRACE_LAUNCH'))),
});
