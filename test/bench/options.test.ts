import { describe, expect, test } from 'vitest';
import { DEFAULT_OUT, helpText, OPTION_NAMES, parseOptions } from '../../bench/options.ts';
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
