import type { Command } from 'commander';
import { withHelp } from '../command-help.ts';
import type { CliContext } from '../context.ts';
import { assertLocal, findTarget } from '../find-target.ts';
import { withTargetOptions, type TargetOptions } from '../open-session.ts';
import { printJson } from '../output/print-json.ts';
import { quoteForShell } from '../quote-for-shell.ts';
import { stackKey } from '../stack-key-of.ts';

/** `millrace env` */
export function registerEnv(program: Command, context: CliContext): void {
  const command = program
    .command('env')
    .description('print `export` lines that let other tools, such as aws and curl, speak to the local stack');
  withHelp(
    withTargetOptions(command),
    [
      'eval "$(npx millrace env)"',
      'curl "$MILLRACE_API_URL/v1/queues"',
      'aws sqs list-queues --endpoint-url "$AWS_ENDPOINT_URL_SQS"',
    ],
    { 4: undefined, 5: undefined, 6: undefined },
  ).action(async (options: TargetOptions) => {
    const target = await findTarget(options, context);
    const stack = assertLocal(target, 'These settings are those of a local stack');
    const key = stackKey(stack);
    const values = {
      MILLRACE_API_URL: stack.api,
      AWS_ENDPOINT_URL_SQS: stack.sqs,
      AWS_ENDPOINT_URL_DYNAMODB: stack.dynamodb,
      AWS_REGION: stack.region,
      AWS_DEFAULT_REGION: stack.region, // what boto3 reads
      AWS_ACCESS_KEY_ID: key,
      AWS_SECRET_ACCESS_KEY: key,
    };
    if (options.json) printJson(context, values);
    else context.stdout.write(toExports(values));
  });
}

function toExports(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${quoteForShell(value)}\n`)
    .join('');
}
