import type { Command } from 'commander';
import { MillraceError } from '../../core/errors.ts';
import { MAX_MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS } from '../../core/limits.ts';
import type { TaskSpec } from '../../core/task-spec.ts';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { openSession, withTargetOptions, type TargetOptions } from '../open-session.ts';
import { collectPairs, numberBetween } from '../parse-options.ts';
import { readProgram, readText } from '../read-program.ts';
import { showSchedule } from '../output/show-schedule.ts';

interface AddOptions extends TargetOptions {
  readonly timezone?: string;
  readonly start?: string;
  readonly end?: string;
  readonly replace?: boolean;
  readonly handler?: string;
  readonly args?: string;
  readonly input?: string;
  readonly env?: Record<string, string>;
  readonly timeout?: number;
  readonly maxAttempts?: number;
  readonly tenant?: string;
}

/** `millrace schedule add QUEUE NAME EXPRESSION COMMAND` */
export function registerScheduleAdd(schedule: Command, context: CliContext): void {
  const add = schedule
    .command('add')
    .description('make a schedule; the same again changes nothing')
    .argument('<queue>', 'where its tasks go')
    .argument('<name>', 'letters, digits, - and _')
    .argument(
      '<expression>',
      "'rate(5 minutes)', 'cron(MINUTES HOURS DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR)' or 'at(2027-01-31T08:00:00)'",
    )
    .argument(
      '[command...]',
      'one shell command, quoted; - reads it from STDIN; -- PROGRAM ARG… runs without a shell',
    )
    .option('--timezone <name>', 'in which cron and at are read, as Europe/Berlin; UTC unless told')
    .option('--start <time>', 'fire not before: ISO 8601, as 2027-01-31T08:00:00Z')
    .option('--end <time>', 'fire not after')
    .option('--replace', 'take the place of another schedule of this name')
    .option('--handler <name>', 'call a named handler instead of a command')
    .option('--args <json>', 'what the handler is called with')
    .option('--input <file>', 'what the program reads on its STDIN; - takes this command’s own STDIN')
    .option('--env <name=value>', 'environment variable for the program; may be repeated', collectPairs)
    .option(
      '--timeout <seconds>',
      'kill an attempt after this',
      numberBetween(0.001, MAX_TIMEOUT_SECONDS, false),
    )
    .option('--max-attempts <n>', 'FAILED after so many', numberBetween(1, MAX_MAX_ATTEMPTS, true))
    .option('--tenant <name>', 'fair-queue key');
  withHelp(withTargetOptions(add), [
    "millrace schedule add default sweep 'rate(15 minutes)' 'sweep --all'",
    "millrace schedule add default nightly 'cron(0 2 * * ? *)' 'report' --timezone Europe/Berlin",
    `millrace schedule add default greet 'rate(1 day)' --handler greet --args '{"who": "all"}'`,
  ]).action(async (queue: string, name: string, expression: string, words: string[], options: AddOptions) => {
    const task = await toTask(context, `millrace schedule add ${queue} ${name}`, words, options);
    const session = await openSession(context, options);
    const spec = {
      name,
      expression,
      ...(options.timezone !== undefined && { timezone: options.timezone }),
      ...(options.start !== undefined && { startAt: options.start }),
      ...(options.end !== undefined && { endAt: options.end }),
      task,
    };
    const isReplacing = options.replace === true;
    showSchedule(session, await session.client.schedules.put(queue, spec, { replace: isReplacing }));
  });
}

async function toTask(
  context: CliContext,
  usage: string,
  words: readonly string[],
  options: AddOptions,
): Promise<TaskSpec> {
  const { handler, args, input, env, timeout, maxAttempts, tenant } = options;
  const program =
    handler !== undefined && words.length === 0
      ? { handler, ...(args !== undefined && { args: parseArgs(args) }) }
      : {
          ...(await readProgram(context, `${usage} EXPRESSION`, words, input)),
          ...(handler !== undefined && { handler }),
        };
  return {
    ...program,
    ...(input !== undefined && { input: await readText(context, input) }),
    ...(env && { env }),
    ...(timeout !== undefined && { timeoutSeconds: timeout }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(tenant !== undefined && { tenant }),
  };
}

function parseArgs(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new MillraceError('invalid_request', `--args is not JSON: ${(error as Error).message}.`, {
      expected: `JSON, as '{"who": "all"}'`,
      got: text.slice(0, 80),
      hint: 'Put it in single quotes, so that the shell leaves it alone.',
    });
  }
}
