import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { AwsAccess } from './aws-access.ts';
import { toAwsProblem } from './aws-problem.ts';
import type { StackOutputs } from './stack-outputs.ts';

/**
 * Asks CloudFormation for the outputs of a stack; undefined when there is no stack of that name.
 * @throws MillraceError `unauthorized`, `forbidden`, `unavailable`
 */
export async function findStack(
  name: string,
  access: AwsAccess,
  signal: AbortSignal,
): Promise<StackOutputs | undefined> {
  const client = new CloudFormationClient({ ...access, maxAttempts: 2 });
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }), {
      abortSignal: signal,
    });
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return Object.fromEntries(
      outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw toAwsProblem(error, `look for the stack ${name} in ${access.region}`);
  } finally {
    client.destroy();
  }
}

/** CloudFormation has no error of its own for it. */
function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);
}
