import { parseEndpoint } from '../client/endpoint.ts';
import { MillraceError } from '../core/errors.ts';
import type { Stack } from '../local/stack-file.ts';
import type { CliContext } from './context.ts';

/** The Millrace that a command speaks to. */
export interface Target {
  /** Of its API; may bear a key: not to be printed. */
  readonly url: string;
  /** The data folder of this place, whether or not it exists. */
  readonly dataDir: string;
  /** Set when it is the local stack of this folder. */
  readonly stack: Stack | undefined;
  /** The same for the same stack, also when that has come back on another port. */
  readonly identity: string;
}

/**
 * In this order: the flag `--url`, MILLRACE_API_URL, the local stack that runs for this folder.
 * @throws MillraceError `invalid_request` for an address that is none, `unavailable` when there is no stack
 */
export async function findTarget(url: string | undefined, context: CliContext): Promise<Target> {
  const { findDataDir } = await import('../local/stack-file.ts');
  const dataDir = findDataDir(context.cwd, context.env);
  const named = url ?? (context.env['MILLRACE_API_URL'] || undefined);
  if (named === undefined) {
    const stack = await runningStack(dataDir);
    return { url: stack.api, dataDir, stack, identity: dataDir };
  }
  const { base } = parseEndpoint(named);
  const stack = await announcedStack(dataDir).catch(() => undefined); // a broken file of another stack is no matter here
  if (stack && parseEndpoint(stack.api).base === base)
    return { url: named, dataDir, stack, identity: dataDir };
  return { url: named, dataDir, stack: undefined, identity: base };
}

/**
 * The local stack that a command needs when no API will do.
 * @throws MillraceError `invalid_request`
 */
export function assertLocal(target: Target, what: string): Stack {
  if (target.stack) return target.stack;
  throw new MillraceError('invalid_request', `${what}, and this is none of this folder.`, {
    expected: 'a local stack',
    got: parseEndpoint(target.url).base,
    hint: 'Run the command in the folder of the stack, or name its data folder with MILLRACE_DATA. The queues of a deployed stack come from its configuration: change them there and deploy it.',
  });
}

async function announcedStack(dataDir: string): Promise<Stack | undefined> {
  const { readStackFile } = await import('../local/stack-file.ts');
  return readStackFile(dataDir);
}

async function runningStack(dataDir: string): Promise<Stack> {
  const { isAlive } = await import('../local/stack-file.ts');
  const stack = await announcedStack(dataDir).catch((cause: unknown) => {
    throw noStack(cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (!stack) throw noStack(`no stack has been started here (looked for ${dataDir})`);
  if (!(await isAlive(stack)))
    throw noStack(`the stack of ${dataDir} (process ${stack.pid}) does not run any more`);
  return stack;
}

function noStack(got: string, cause?: unknown): MillraceError {
  return new MillraceError('unavailable', 'There is no Millrace to speak to.', {
    expected: '--url, MILLRACE_API_URL, or a local stack that runs for this folder',
    got,
    hint: 'Start one: `npm start` in the project’s folder. For one that keeps its data elsewhere: `npx millrace local --data DIR` there, and MILLRACE_DATA=DIR for the other commands.',
    cause,
  });
}
