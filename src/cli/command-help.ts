import type { Command } from 'commander';

/** Codes that any command may exit with; the README has them too. */
export const COMMON_EXITS: Readonly<Record<number, string>> = {
  2: 'wrong usage or input',
  4: 'unknown queue, task, batch, workflow or schedule',
  5: 'not entitled',
  6: 'in conflict with the state of things',
  7: 'no Millrace can be reached',
  70: 'an error inside of Millrace',
  130: 'ended by Ctrl-C',
};

/** Adds examples and exit codes to the help of a command. `exits` goes before the common ones; undefined leaves one out. */
export function withHelp(
  command: Command,
  examples: readonly string[],
  exits: Readonly<Record<number, string | undefined>> = {},
): Command {
  const codes = Object.entries({ ...COMMON_EXITS, 0: 'done', ...exits }).flatMap(([code, meaning]) =>
    meaning === undefined ? [] : [[code, meaning] as const],
  );
  return command.addHelpText(
    'after',
    [
      '',
      examples.length > 1 ? 'Examples:' : 'Example:',
      ...examples.map((example) => `  ${example}`),
      '',
      'Exit codes:',
      ...codes.map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`),
    ].join('\n'),
  );
}
