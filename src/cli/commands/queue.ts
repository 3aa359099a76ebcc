import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import { MAX_MAX_ATTEMPTS } from '../../core/limits.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { assertLocal, findTarget, notLocal } from '../find-target.ts';
import { withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { numberBetween, wordsAfterDashes } from '../parse-options.ts';
import { stackKey } from '../stack-key-of.ts';

interface AddOptions extends TargetOptions {
  readonly lease?: number;
  readonly maxAttempts?: number;
  readonly program?: string[];
}

interface RemoveOptions extends TargetOptions {
  readonly force?: boolean;
}

/** `millrace queue add NAME` and `millrace queue remove NAME` */
export function registerQueue(program: Command, context: CliContext): void {
  const queue = program.command('queue').description('add and remove queues of the local stack');
  withHelp(queue, ['millrace queue add mail --program /usr/local/bin/process-message /tmp']);

  const add = queue
    .command('add')
    .description(
      'add a queue to the local stack, or change its settings; a deployed stack has those of its cdk.json',
    )
    .argument('<name>', 'letters, digits, - and _')
    .argument('[words...]', 'behind --: words of the program that start with a dash')
    .option('--lease <seconds>', 'lease of an attempt and visibility timeout', numberBetween(3, 3600, true))
    .option('--max-attempts <n>', 'a task is FAILED after so many', numberBetween(1, MAX_MAX_ATTEMPTS, true))
    .option('--program <word...>', 'a program that is given each message on its STDIN');
  withHelp(withTargetOptions(add), [
    'millrace queue add video --lease 120 --max-attempts 5',
    'millrace queue add mail -- /usr/bin/python3 -u process.py',
  ]).action(async (name: string, words: string[], options: AddOptions) =>
    addQueue(context, name, words, options),
  );

  const remove = queue
    .command('remove')
    .description('remove a queue from the local stack; a deployed stack has those of its cdk.json')
    .argument('<name>', 'letters, digits, - and _')
    .option('--force', 'also when tasks of it have not ended');
  withHelp(withTargetOptions(remove), ['millrace queue remove video']).action(
    async (name: string, options: RemoveOptions) => {
      const { removeQueue } = await import('../../local/manage-queues.ts');
      await removeQueue(await localTarget(context, options), name, { force: options.force === true });
      if (options.json) printJson(context, { queue: name });
      else context.stderr.write(`Queue ${name} is removed.\n`);
    },
  );
}

async function addQueue(
  context: CliContext,
  name: string,
  words: string[],
  options: AddOptions,
): Promise<void> {
  const target = await localTarget(context, options);
  const { parseQueueDefinition } = await import('../parse-queue.ts');
  const { addQueue: add } = await import('../../local/manage-queues.ts');
  const definition = parseQueueDefinition({
    name,
    ...(options.lease !== undefined && { leaseSeconds: options.lease }),
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    ...withProgram(context, words, options.program),
  });
  await add(target, definition);
  if (options.json) printJson(context, definition);
  else context.stderr.write(`Queue ${name} is ready.\n`);
}

function withProgram(context: CliContext, words: readonly string[], program: readonly string[] = []) {
  if (words.length !== (wordsAfterDashes(context.argv)?.length ?? 0)) {
    throw new MillraceError('invalid_request', 'There are more arguments than the name of the queue.', {
      expected: 'millrace queue add NAME --program WORD…',
      got: words.join(' '),
      hint: 'Put --program before the words of the program, or -- when some of them start with a dash.',
    });
  }
  const all = [...program, ...words];
  return all.length > 0 ? { program: all } : {};
}

async function localTarget(context: CliContext, options: TargetOptions) {
  const what = 'Queues are added to and removed from a local stack only';
  // Whether there is such a stack makes no difference, so AWS is not asked.
  if (options.stack !== undefined) throw notLocal(what, `the deployed stack ${options.stack}`);
  const stack = assertLocal(await findTarget(options, context), what);
  return { sqs: stack.sqs, dynamodb: stack.dynamodb, key: stackKey(stack), region: stack.region };
}
