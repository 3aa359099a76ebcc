import type { Command } from 'commander';
import { makeProgram } from '../../src/cli/make-program.ts';
import { fakeContext } from '../cli/fake-context.ts';

/** The command line, to be held against what documents say of it. */
export const PROGRAM = makeProgram(fakeContext().context);

/** Command lines of a document in Markdown: of its samples for the shell, and `like this` in its text. */
export function commandLines(markdown: string): { samples: string[]; spans: string[]; lines: string[] } {
  const samples = [...markdown.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1] ?? '');
  const spans = [...markdown.replace(/^```[^]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  const lines = [...samples.flatMap((sample) => sample.replaceAll('\\\n', ' ').split('\n')), ...spans];
  return { samples, spans, lines };
}

/** What they call millrace with. */
export function callsOfMillrace(lines: readonly string[]): string[] {
  return lines.flatMap((line) =>
    [...line.matchAll(/(?:^|[|(] *|npx )millrace ([a-z][^|)]*)/g)].map((match) => match[1] ?? ''),
  );
}

/** The command that a call begins with, `queue add` before `queue`. */
export function commandOf(call: string): Command | undefined {
  const [first, second] = call.split(/\s+/);
  const command = PROGRAM.commands.find((other) => other.name() === first);
  return command?.commands.find((other) => other.name() === second) ?? command;
}

export function optionsOf(command: Command): (string | undefined)[] {
  return command.options.map(({ long }) => long);
}

export function optionsIn(text: string): string[] {
  return [...text.replace(/'[^']*'| -- .*/g, '').matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(
    ([option]) => option,
  );
}
