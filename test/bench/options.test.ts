import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandText } from '../../bench/command-text.ts';
import { DEFAULT_OUT, helpText, OPTION_NAMES, parseOptions } from '../../bench/options.ts';
import { needFolder } from '../../bench/out-folder.ts';
import { PEERS } from '../../bench/peers/all-peers.ts';
import { SECTIONS } from '../../bench/sections/all-sections.ts';

const KNOWN = { sections: ['commands', 'pickup'], peers: ['celery', 'bullmq'] };

describe('the options of the bench', () => {
  test('are all sections, all peers and five rounds when nothing is said', () => {
    const options = parseOptions([], KNOWN);
    expect(options).toMatchObject({
      only: [],
      peers: 'all',
      runs: 5,
      mix: 400,
      out: DEFAULT_OUT,
      json: false,
    });
  });

  test('are small with --quick, but for what is said', () => {
    expect(parseOptions(['--quick', '--tasks', '77'], KNOWN)).toMatchObject({
      runs: 1,
      tasks: 77,
      mix: 80,
    });
  });

  test.each([[['--quick']], [['--only', 'pickup']], [['--peers', 'celery']], [['--peers', 'none']]])(
    'what %j measures is no whole, and does not take the place of what is kept',
    (args) => {
      expect(parseOptions(args, KNOWN).out).toBeUndefined();
      expect(parseOptions([...args, '--out', DEFAULT_OUT], KNOWN).out).toBe(DEFAULT_OUT);
    },
  );

  test('a folder of results is known by another name too', () => {
    const near = `${DEFAULT_OUT}/../results`;
    expect(parseOptions(['--out', near], KNOWN).out).toBe(DEFAULT_OUT);
  });

  test.each([
    [['--peers', 'none'], []],
    [
      ['--peers', 'bullmq,celery'],
      ['bullmq', 'celery'],
    ],
    [['--peers', 'all'], 'all'],
  ])('%j', (args, peers) => {
    expect(parseOptions(args, KNOWN).peers).toEqual(peers);
  });

  test.each([
    [['--only', 'commands,nothing'], /--only: expected commands, pickup; got "nothing"/],
    [['--only', ''], /--only: expected commands, pickup; got ""/],
    [['--peers', ''], /--peers: expected celery, bullmq; got ""/],
    [['--peers', 'sidekiq'], /--peers: expected celery, bullmq; got "sidekiq"/],
    [['--runs', '0'], /--runs: expected a number from 1 on, got "0"/],
    [['--tasks', 'many'], /--tasks/],
    [['--speed', '1'], /--speed/],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args, KNOWN)).toThrow(message);
  });

  test('the help names every option, section and peer, and its examples can be run', () => {
    const peers = Object.keys(PEERS);
    const help = helpText(SECTIONS, peers);
    for (const { name } of SECTIONS) expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    for (const name of [...OPTION_NAMES, ...peers]) expect(help).toContain(name);
    const examples = [...help.matchAll(/^ {2}npm run bench -- (.+)$/gm)].map(([, args = '']) =>
      args.split(' '),
    );
    expect(examples.length).toBeGreaterThan(1);
    for (const args of examples) parseOptions(args, { sections: SECTIONS.map(({ name }) => name), peers });
  });
});

describe('the folder of the results', () => {
  test('is made, and refused before anything is measured where it cannot be', async () => {
    const home = await mkdtemp(join(tmpdir(), 'bench-out-'));
    onTestFinished(() => rm(home, { recursive: true }));
    await needFolder(join(home, 'a/b'));
    expect((await stat(join(home, 'a/b'))).isDirectory()).toBe(true);
    const file = join(home, 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'below')])
      await expect(needFolder(path)).rejects.toThrow(`--out: expected a folder that can be written to, got`);
  });
});

test('results tell how they were called', () => {
  expect(commandText([], {})).toBe('npm run bench');
  expect(commandText(['--quick'], { MILLRACE_STATEMENTS: 'single' })).toBe(
    'MILLRACE_STATEMENTS=single npm run bench -- --quick',
  );
});
