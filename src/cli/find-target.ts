import { requireOutput } from '../aws/stack-outputs.ts';
import { parseEndpoint } from '../client/endpoint.ts';
import { MillraceError } from '../core/errors.ts';
import type { Stack } from '../local/stack-file.ts';
import type { CliContext } from './context.ts';
import type { DeployedStack } from './deployed-stack.ts';
import { runningStack, announcedStack } from './running-stack.ts';

/** The Millrace that a command speaks to. */
export interface Target {
  /** Of its API; may bear a key: not to be printed. */
  readonly url: string;
  /** The data folder of this place, whether or not it exists. */
  readonly dataDir: string;
  /** Set when it is the local stack of this folder. */
  readonly stack: Stack | undefined;
  /** Set when it was found among the stacks of an AWS account. */
  readonly deployed: DeployedStack | undefined;
  /** The same for the same stack, also when that has come back on another port. */
  readonly identity: string;
}

/** How a command line names a target. */
export interface TargetChoice {
  readonly url?: string;
  readonly stack?: string;
}

/**
 * In this order: the flags `--url` and `--stack`, MILLRACE_API_URL, MILLRACE_STACK, the local stack that runs for
 * this folder, the stack named Millrace in the AWS account at hand.
 * @throws MillraceError `invalid_request` for an address that is none, `unavailable` when there is no stack
 */
export async function findTarget(choice: TargetChoice, context: CliContext): Promise<Target> {
  const { findDataDir } = await import('../local/stack-file.ts');
  const dataDir = findDataDir(context.cwd, context.env);
  const url =
    choice.url ?? (choice.stack === undefined ? context.env['MILLRACE_API_URL'] || undefined : undefined);
  if (url !== undefined) return targetAt(url, dataDir);
  const { findDeployedStack, DEFAULT_STACK } = await import('./deployed-stack.ts');
  const named = choice.stack ?? (context.env['MILLRACE_STACK'] || undefined);
  if (named !== undefined) return deployedTarget(await findDeployedStack(named, context), dataDir);
  const stack = await runningStack(dataDir);
  if (stack) return { url: stack.api, dataDir, stack, deployed: undefined, identity: dataDir };
  const deployed = await findDeployedStack(DEFAULT_STACK, context).catch((error: unknown) => {
    throw nowhere(dataDir, error);
  });
  return deployedTarget(deployed, dataDir);
}

/**
 * The local stack that a command needs when no API will do.
 * @throws MillraceError `invalid_request`
 */
export function assertLocal(target: Target, what: string): Stack {
  if (target.stack) return target.stack;
  throw notLocal(
    what,
    target.deployed ? `the deployed stack ${target.deployed.name}` : parseEndpoint(target.url).base,
  );
}

/** What a command that is for local stacks alone says of anything else. */
export function notLocal(what: string, got: string): MillraceError {
  return new MillraceError('invalid_request', `${what}, and this is none of this folder.`, {
    expected: 'a local stack',
    got,
    hint: 'Run the command in the folder of the stack, or name its data folder with MILLRACE_DATA. The queues of a deployed stack come from its configuration: change them there and deploy it.',
  });
}

async function targetAt(url: string, dataDir: string): Promise<Target> {
  const { base } = parseEndpoint(url);
  const stack = await announcedStack(dataDir).catch(() => undefined); // a broken file of another stack is no matter here
  const isOurs = stack !== undefined && parseEndpoint(stack.api).base === base;
  return {
    url,
    dataDir,
    stack: isOurs ? stack : undefined,
    deployed: undefined,
    identity: isOurs ? dataDir : base,
  };
}

function deployedTarget(deployed: DeployedStack, dataDir: string): Target {
  const url = requireOutput(deployed.outputs, 'ApiUrl', deployed.name);
  return { url, dataDir, stack: undefined, deployed, identity: parseEndpoint(url).base };
}

function nowhere(dataDir: string, cause: unknown): MillraceError {
  const inAws = cause instanceof MillraceError ? (cause.got ?? cause.message) : String(cause);
  return new MillraceError('unavailable', 'There is no Millrace to speak to.', {
    expected:
      '--url, --stack, MILLRACE_API_URL, MILLRACE_STACK, a local stack that runs for this folder, or a deployed stack',
    got: `no stack runs here (looked in ${dataDir}); in AWS: ${inAws}`,
    hint: 'Start one here: `npx millrace local --workers 1`, or `npm start` in a checkout. MILLRACE_DATA=DIR speaks to one that keeps its data elsewhere. For a deployed one: --stack NAME, the region in AWS_REGION, the account in AWS_PROFILE.',
    cause,
  });
}
