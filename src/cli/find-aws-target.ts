import type { AwsTarget } from '../aws/aws-clients.ts';
import { MillraceError } from '../core/errors.ts';
import { findDataDir, isAlive, readStackFile } from '../local/stack-file.ts';
import type { CliContext } from './context.ts';
import { stackKey } from './stack-key-of.ts';

/** Where a worker finds its queue and its table. */
export interface WorkerTarget {
  readonly aws: AwsTarget;
  /** Its counts are exact, and nobody pays by the request. */
  readonly isEmulated: boolean;
}

/**
 * The SDK's own variables where they name endpoints or a table; else the local stack that runs for this folder.
 * @throws MillraceError `unavailable`
 */
export async function findAwsTarget(context: CliContext): Promise<WorkerTarget> {
  const { env } = context;
  const sqs = env['AWS_ENDPOINT_URL_SQS'] || env['AWS_ENDPOINT_URL'];
  const dynamodb = env['AWS_ENDPOINT_URL_DYNAMODB'] || env['AWS_ENDPOINT_URL'];
  if (sqs) return { aws: { sqs, dynamodb }, isEmulated: true };
  if (env['MILLRACE_TABLE']) return { aws: {}, isEmulated: false };
  const dataDir = findDataDir(context.cwd, env);
  const stack = await readStackFile(dataDir);
  if (stack && (await isAlive(stack))) {
    const { sqs, dynamodb, region } = stack;
    return { aws: { sqs, dynamodb, region, key: stackKey(stack) }, isEmulated: true };
  }
  throw new MillraceError('unavailable', 'There is no queue to work on.', {
    expected:
      'a local stack that runs for this folder, or AWS_ENDPOINT_URL_SQS, or MILLRACE_TABLE of a deployed stack',
    got: `nothing that runs for ${dataDir}`,
    hint: 'Start a stack: `npm start` in the project’s folder. Or run this in the folder of one, or name its data with MILLRACE_DATA=DIR.',
  });
}
