import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Sections; all of them when empty. */
  readonly only: readonly string[];
  readonly peers: 'all' | readonly string[];
  readonly runs: number;
  /** Tasks of a drain; handlers are twice as many. */
  readonly tasks: number;
  /** Of a bulk enqueue. */
  readonly lines: number;
  /** Tasks of the trickle, in each round. */
  readonly pickups: number;
  /** Of the heavy-tailed mix. */
  readonly mix: number;
  readonly out: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** docs/performance.md shows what is in there. */
export const DEFAULT_OUT = join(import.meta.dirname, 'results');

const SIZES = {
  full: { runs: '5', tasks: '1500', lines: '10000', pickups: '40', mix: '400' },
  quick: { runs: '1', tasks: '300', lines: '2000', pickups: '20', mix: '80' },
};

const OPTIONS = {
  only: { type: 'string', value: '<names>', help: 'sections, with commas between (default: all)' },
  peers: { type: 'string', value: '<names>', help: 'all, none, or names with commas between (default: all)' },
  runs: { type: 'string', value: '<n>', help: 'rounds; figures are medians of them' },
  tasks: { type: 'string', value: '<n>', help: 'commands of a drain; handlers are twice as many' },
  lines: { type: 'string', value: '<n>', help: 'tasks of a bulk enqueue' },
  pickups: { type: 'string', value: '<n>', help: 'tasks of a trickle, in each round' },
  mix: { type: 'string', value: '<n>', help: 'tasks of the heavy-tailed mix' },
  quick: { type: 'boolean', help: 'small sizes, one round' },
  out: {
    type: 'string',
    value: '<dir>',
    help: 'folder of the results (default: bench/results, and docs/performance.md is brought up to date)',
  },
  json: { type: 'boolean', help: 'print the results as JSON, not as tables' },
  help: { type: 'boolean', short: 'h', help: 'show help' },
} as const;

/** The names of the options, for who checks what documents say of them. */
export const OPTION_NAMES: readonly string[] = Object.keys(OPTIONS).map((name) => `--${name}`);

/**
 * @throws Error that says what is wrong with the command line
 */
export function parseOptions(
  args: readonly string[],
  known: { sections: readonly string[]; peers: readonly string[] },
): Options {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const sizes = { ...SIZES[values.quick ? 'quick' : 'full'] };
  const count = (name: keyof typeof sizes): number => {
    const value = Number(values[name] ?? sizes[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name}: expected a number from 1 on, got ${JSON.stringify(values[name])}`);
    return value;
  };
  const { peers = 'all' } = values;
  return {
    only: names('only', values.only ?? '', known.sections),
    peers: peers === 'all' ? 'all' : names('peers', peers === 'none' ? '' : peers, known.peers),
    runs: count('runs'),
    tasks: count('tasks'),
    lines: count('lines'),
    pickups: count('pickups'),
    mix: count('mix'),
    out: values.out ?? DEFAULT_OUT,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function names(option: string, text: string, known: readonly string[]): string[] {
  const given = text.split(',').filter((name) => name !== '');
  for (const name of given)
    if (!known.includes(name))
      throw new Error(`--${option}: expected ${known.join(', ')}; got ${JSON.stringify(name)}`);
  return given;
}

/** The text of `-h`. */
export function helpText(
  sections: readonly { readonly name: string; readonly title: string }[],
  peers: readonly string[],
): string {
  const options = Object.entries(OPTIONS).map(([name, option]) => {
    const short = 'short' in option ? `-${option.short}, ` : '';
    const size = name in SIZES.full ? ` (default: ${sizeOf(name as keyof typeof SIZES.full)})` : '';
    return [
      `${short}--${name}${'value' in option ? ` ${option.value}` : ''}`,
      `${option.help}${size}`,
    ] as const;
  });
  return [
    'Usage: npm run bench -- [options]',
    '',
    'measure Millrace beside what people use instead, each doing the same work in the same run; writes latest.json and',
    'latest.md',
    '',
    'Options:',
    ...columns(options),
    '',
    'Sections:',
    ...columns(sections.map(({ name, title }) => [name, title])),
    '',
    `Peers: ${peers.join(', ')}`,
    'They are installed below the system’s folder for temporary files, or in MILLRACE_BENCH_CACHE; one that cannot be had',
    'is skipped by name. MILLRACE_STATEMENTS (single or batch) is handed to Millrace’s workers.',
    '',
    'Examples:',
    '  npm run bench -- --quick',
    '  npm run bench -- --only commands,handlers --peers sqs-consumer,celery --runs 3',
    '  npm run bench -- --peers none --json --out /tmp',
    '',
  ].join('\n');
}

function sizeOf(name: keyof typeof SIZES.full): string {
  return `${SIZES.full[name]}; --quick: ${SIZES.quick[name]}`;
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}
