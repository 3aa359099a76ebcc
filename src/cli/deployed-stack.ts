import type { AwsAccess } from '../aws/aws-access.ts';
import type { StackOutputs } from '../aws/stack-outputs.ts';
import { MillraceError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { cacheOutputs, readCachedOutputs } from './stack-cache.ts';

/** A Millrace in an AWS account. */
export interface DeployedStack {
  readonly name: string;
  readonly access: AwsAccess;
  readonly outputs: StackOutputs;
}

export const DEFAULT_STACK = 'Millrace';

/** Credentials and CloudFormation together: nobody waits half a minute to learn that there is no AWS here. */
const PATIENCE_MS = 10_000;

/**
 * The stack of that name in the account and region that environment and profile name.
 * @throws MillraceError `unauthorized` without credentials, `unavailable` without a region or such a stack
 */
export async function findDeployedStack(name: string, context: CliContext): Promise<DeployedStack> {
  const { findRegion, makeCredentials } = await import('../aws/aws-access.ts');
  const region = await findRegion(context.env);
  if (region === undefined) throw notFound(name, 'no AWS region is configured');
  const access = { region, credentials: makeCredentials() };
  const outputs = await withPatience(name, (signal) => outputsOf(name, access, context, signal));
  if (!outputs) throw notFound(name, `there is no stack ${name} in ${region} of this account`);
  return { name, access, outputs };
}

async function outputsOf(
  name: string,
  access: AwsAccess,
  { env }: CliContext,
  signal: AbortSignal,
): Promise<StackOutputs | undefined> {
  const { toAwsProblem } = await import('../aws/aws-problem.ts');
  const { accessKeyId } = await access.credentials().catch((error: unknown) => {
    throw toAwsProblem(error, `look for the stack ${name}`);
  });
  const endpoint = env['AWS_ENDPOINT_URL_CLOUDFORMATION'] || env['AWS_ENDPOINT_URL'];
  const address = { name, region: access.region, endpoint, accessKeyId };
  const cached = await readCachedOutputs(address, env, Date.now());
  if (cached) return cached;
  const { findStack } = await import('../aws/find-stack.ts');
  const outputs = await findStack(name, access, signal);
  if (outputs) await cacheOutputs(address, outputs, env, Date.now());
  return outputs;
}

async function withPatience<T>(name: string, look: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const { promise, reject } = Promise.withResolvers<never>();
  timeout.addEventListener('abort', () =>
    reject(notFound(name, `AWS gave no answer within ${PATIENCE_MS / 1000} s`)),
  );
  return Promise.race([look(timeout), promise]);
}

function notFound(name: string, got: string): MillraceError {
  return new MillraceError('unavailable', `The stack ${name} cannot be found: ${got}.`, {
    expected: 'a stack of Millrace, and credentials that may describe it (cloudformation:DescribeStacks)',
    got,
    hint: 'Name the stack with --stack or MILLRACE_STACK, the region with AWS_REGION, the account with AWS_PROFILE; `npx cdk deploy` deploys one.',
  });
}
