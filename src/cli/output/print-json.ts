import type { CliContext } from '../context.ts';

/** One JSON document on stdout: indented for a person, on one line for a program. */
export function printJson(context: CliContext, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value, null, context.stdout.isTTY ? 2 : undefined)}\n`);
}
