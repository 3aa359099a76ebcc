import type { AwsTarget } from '../aws/aws-clients.ts';
import { makeEnvCatalog } from '../aws/env-catalog.ts';
import { DEFAULT_TABLE_NAME, type DeployedNames } from '../aws/make-aws-ports.ts';
import { requireOutput } from '../aws/stack-outputs.ts';
import { MillraceError } from '../core/errors.ts';
import { findDataDir, isAlive, readStackFile } from '../local/stack-file.ts';
import type { CliContext } from './context.ts';
import { findDeployedStack } from './deployed-stack.ts';
import { stackKey } from './stack-key-of.ts';

/** Where a worker finds its queue and its table. */
export interface WorkerTarget {
  readonly aws: AwsTarget;
  readonly tableName: string;
  readonly names: DeployedNames;
  /** Its counts are exact, and nobody pays by the request. */
  readonly isEmulated: boolean;
}

/**
 * The deployed stack that `--stack` or MILLRACE_STACK names; what MILLRACE_TABLE or the SDK's own variables name;
 * else the local stack that runs for this folder. Never a deployed stack that nobody named: that would run its
 * commands on this machine by surprise.
 * @throws MillraceError `unavailable`
 */
export async function findAwsTarget(
  stackName: string | undefined,
  context: CliContext,
): Promise<WorkerTarget> {
  const { env } = context;
  const sqs = env['AWS_ENDPOINT_URL_SQS'] || env['AWS_ENDPOINT_URL'];
  const dynamodb = env['AWS_ENDPOINT_URL_DYNAMODB'] || env['AWS_ENDPOINT_URL'];
  const isEmulated = sqs !== undefined;
  const named = stackName ?? (env['MILLRACE_TABLE'] ? undefined : env['MILLRACE_STACK'] || undefined);
  if (named !== undefined) return { ...(await deployedTarget(named, context)), isEmulated };
  if (isEmulated || env['MILLRACE_TABLE']) {
    const tableName = env['MILLRACE_TABLE'] || DEFAULT_TABLE_NAME;
    return { aws: { sqs, dynamodb }, tableName, names: namesFrom(env), isEmulated };
  }
  return localTarget(context);
}

async function deployedTarget(name: string, context: CliContext): Promise<Omit<WorkerTarget, 'isEmulated'>> {
  const { outputs, access } = await findDeployedStack(name, context);
  return {
    aws: { region: access.region },
    tableName: requireOutput(outputs, 'TableName', name),
    names: { catalog: makeEnvCatalog(requireOutput(outputs, 'Queues', name)), queuePrefix: `${name}-` },
  };
}

function namesFrom(env: CliContext['env']): DeployedNames {
  const queues = env['MILLRACE_QUEUES'];
  return {
    catalog: queues ? makeEnvCatalog(queues) : undefined,
    queuePrefix: env['MILLRACE_QUEUE_PREFIX'] || undefined,
  };
}

async function localTarget({ cwd, env }: CliContext): Promise<WorkerTarget> {
  const dataDir = findDataDir(cwd, env);
  const stack = await readStackFile(dataDir);
  if (stack && (await isAlive(stack))) {
    const { sqs, dynamodb, region } = stack;
    const aws = { sqs, dynamodb, region, key: stackKey(stack) };
    return { aws, tableName: DEFAULT_TABLE_NAME, names: {}, isEmulated: true };
  }
  throw new MillraceError('unavailable', 'There is no queue to work on.', {
    expected:
      'a local stack that runs for this folder; or a deployed one named by --stack, MILLRACE_STACK, MILLRACE_TABLE or AWS_ENDPOINT_URL_SQS',
    got: `nothing that runs for ${dataDir}`,
    hint: 'Start a stack here: `npx millrace local`, or `npm start` in a checkout. Or run this in the folder of one, or name its data with MILLRACE_DATA=DIR.',
  });
}
