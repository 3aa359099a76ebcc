import { MillraceError } from '../core/errors.ts';
import type { Stack } from '../local/stack-file.ts';

/** The stack that was last announced in a data folder, whether or not it runs. */
export async function announcedStack(dataDir: string): Promise<Stack | undefined> {
  const { readStackFile } = await import('../local/stack-file.ts');
  return readStackFile(dataDir);
}

/**
 * The local stack of a data folder; undefined when none is announced there.
 * One that is announced and does not answer has died: its folder means it all the same, so that a task that was
 * meant for it does not go to AWS. @throws MillraceError `unavailable`
 */
export async function runningStack(dataDir: string): Promise<Stack | undefined> {
  const stack = await announcedStack(dataDir).catch((cause: unknown) => {
    throw died(cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (!stack) return undefined;
  const { isAlive } = await import('../local/stack-file.ts');
  if (await isAlive(stack)) return stack;
  throw died(`the stack of ${dataDir} (process ${stack.pid}) does not run any more`);
}

function died(got: string, cause?: unknown): MillraceError {
  return new MillraceError('unavailable', 'The local stack of this folder does not answer.', {
    expected:
      'a local stack that runs for this folder, or another one named by --url, --stack or MILLRACE_API_URL',
    got,
    hint: 'Start it again with `npx millrace local --workers 1`, or with `npm start` in a checkout.',
    cause,
  });
}
