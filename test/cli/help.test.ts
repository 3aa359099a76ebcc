import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { makeProgram } from '../../src/cli/make-program.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import { fakeContext } from './fake-context.ts';

const { context, stdout } = fakeContext();
const program = makeProgram(context);
const commands = (parent: Command): Command[] =>
  parent.commands.flatMap((command) => [command, ...commands(command)]);
const all = commands(program).filter((command) => command.name() !== 'help');
const nameOf = (command: Command): string =>
  command.parent === program || !command.parent
    ? command.name()
    : `${nameOf(command.parent)} ${command.name()}`;

function helpOf(command: Command): string {
  command.outputHelp();
  return stdout();
}

/** The command lines in a help text that call millrace. */
function examplesIn(help: string): string[] {
  const examples = /Examples?:\n((?: {2}.*\n)+)/.exec(help)?.[1] ?? '';
  return [...examples.matchAll(/(?:npx )?millrace ([^)\n]*)/g)].map((match) => match[1] ?? '');
}

describe('the help', () => {
  test('knows the commands of the design', () => {
    const names = all.map(nameOf);
    expect(names).toEqual(
      expect.arrayContaining(['create', 'load', 'status', 'wait', 'progress', 'peek', 'list']),
    );
    expect(names).toEqual(
      expect.arrayContaining(['cancel', 'redrive', 'purge', 'pause', 'resume', 'logs', 'env']),
    );
    expect(names).toEqual(expect.arrayContaining(['local', 'work', 'queue add', 'queue remove']));
    expect(names).toEqual(expect.arrayContaining(['workers', 'doctor']));
  });

  test.each(all.map((command) => [nameOf(command), command] as const))(
    'of %s has an example and exit codes',
    (_, command) => {
      const help = helpOf(command);
      expect(help).toMatch(/\nExamples?:\n {2}\S/);
      expect(help).toMatch(/\nExit codes:\n {4}0 {2}\S/);
    },
  );

  test.each(all.map((command) => [nameOf(command), command] as const))(
    'of %s shows options that exist',
    (_, command) => {
      for (const example of examplesIn(helpOf(command))) {
        const words = example.replace(/["')].*| -- .*/, '').split(' ');
        const named = all.find(
          (other) => `${example} `.startsWith(`${nameOf(other)} `) && other.commands.length === 0,
        );
        expect(named, `millrace ${example}`).toBeDefined();
        const known = named?.options.map(({ long }) => long) ?? [];
        for (const option of words.filter((word) => /^--./.test(word)))
          expect(known, example).toContain(option);
      }
    },
  );

  test.each([
    ['shows help and exits 2 without a command', [], 2, 'stderr', /Usage: millrace/],
    ['prints the version', ['--version'], 0, 'stdout', /^1\.2\.3\n$/],
    ['suggests a command', ['lod'], 2, 'stderr', /Unknown command 'lod'[^]*Did you mean load/],
    ['suggests an option', ['list', '--progres'], 2, 'stderr', /Did you mean --progress/],
    ['names a missing argument', ['load', 'default'], 2, 'stderr', /Missing required argument 'file'/],
    [
      'names a bad number',
      ['create', 'q', 'x', '--max-attempts', '0'],
      2,
      'stderr',
      /whole number from 1 to 100/,
    ],
    ['names a bad state', ['peek', 'q', 'lost'], 2, 'stderr', /Expected one of PENDING/],
  ] as const)('%s', async (_, argv, code, stream, expected) => {
    const run = fakeContext(argv);
    await runCli(run.context);
    expect(run.exitCode()).toBe(code);
    const output = { stdout: run.stdout(), stderr: run.stderr() };
    expect(output[stream]).toMatch(expected);
    expect(output[stream === 'stdout' ? 'stderr' : 'stdout']).toBe('');
  });
});
