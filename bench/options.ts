import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface Options {
  /** Sections; all of them when empty. */
  readonly only: readonly string[];
  readonly peers: 'all' | readonly string[];
  readonly runs: number;
  /** Commands of a drain. */
  readonly tasks: number;
  /** Handlers of a drain. */
  readonly handlers: number;
  /** Tasks of a drain on MiniStack, which is slow. */
  readonly emulated: number;
  /** Handlers whose requests are counted. */
  readonly batch: number;
  /** Process starts without a queue. */
  readonly starts: number;
  /** Of a bulk enqueue. */
  readonly lines: number;
  /** Lines of a file that is loaded. */
  readonly load: number;
  /** Warm requests to the API’s function, of each kind in each round. */
  readonly requests: number;
  /** Tasks of the trickle that count, in each round. */
  readonly pickups: number;
  /** Of the heavy-tailed mix. */
  readonly mix: number;
  /** The folder that keeps the results; undefined: they are printed only. */
  readonly out: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
}

/** docs/performance.md shows what is in there. */
export const DEFAULT_OUT = join(import.meta.dirname, 'results');

const SIZES = {
  full: {
    runs: '5',
    tasks: '2000',
    handlers: '10000',
    emulated: '5000',
    batch: '5000',
    starts: '2000',
    mix: '400',
    pickups: '100',
    lines: '10000',
    load: '30000',
    requests: '1000',
  },
  quick: {
    runs: '1',
    tasks: '300',
    handlers: '1000',
    emulated: '200',
    batch: '1000',
    starts: '300',
    mix: '80',
    pickups: '20',
    lines: '2000',
    load: '4000',
    requests: '200',
  },
};

const OPTIONS = {
  only: { type: 'string', value: '<names>', help: 'sections, with commas between (default: all)' },
  peers: { type: 'string', value: '<names>', help: 'all, none, or names with commas between (default: all)' },
  runs: {
    type: 'string',
    value: '<n>',
    help: 'rounds, of some sections no more than 3; figures are medians of them',
  },
  tasks: { type: 'string', value: '<n>', help: 'commands of a drain' },
  handlers: { type: 'string', value: '<n>', help: 'handlers of a drain' },
  emulated: { type: 'string', value: '<n>', help: 'tasks of a drain on MiniStack, of each kind' },
  batch: { type: 'string', value: '<n>', help: 'handlers whose requests are counted' },
  starts: { type: 'string', value: '<n>', help: 'process starts without a queue' },
  lines: { type: 'string', value: '<n>', help: 'tasks of a bulk enqueue' },
  load: { type: 'string', value: '<n>', help: 'lines of a file that is loaded' },
  requests: { type: 'string', value: '<n>', help: 'warm requests to the API’s function, of each kind' },
  pickups: { type: 'string', value: '<n>', help: 'tasks of a trickle that count, in each round' },
  mix: { type: 'string', value: '<n>', help: 'tasks of the heavy-tailed mix' },
  quick: { type: 'boolean', help: 'small sizes, one round' },
  out: {
    type: 'string',
    value: '<dir>',
    help: 'folder of the results (default: of a part or a small form none, else bench/results)',
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
  const only = values.only === undefined ? [] : names('only', values.only, known.sections);
  const peers = peersOf(values.peers ?? 'all', known.peers);
  // A part in the place of the whole would leave documents that tell of what is no longer there.
  const isWhole = only.length === 0 && peers === 'all' && values.quick !== true;
  return {
    only,
    peers,
    runs: count('runs'),
    tasks: count('tasks'),
    handlers: count('handlers'),
    emulated: count('emulated'),
    batch: count('batch'),
    starts: count('starts'),
    mix: count('mix'),
    pickups: count('pickups'),
    lines: count('lines'),
    load: count('load'),
    requests: count('requests'),
    out: values.out === undefined ? (isWhole ? DEFAULT_OUT : undefined) : resolve(values.out),
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function peersOf(text: string, known: readonly string[]): Options['peers'] {
  if (text === 'all') return text;
  return text === 'none' ? [] : names('peers', text, known);
}

function names(option: string, text: string, known: readonly string[]): string[] {
  const given = text.split(',').filter((name) => name !== '');
  const wrong = given.length === 0 ? text : given.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new Error(`--${option}: expected ${known.join(', ')}; got ${JSON.stringify(wrong)}`);
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
    'latest.md into the folder of the results, and from bench/results brings docs/performance.md up to date',
    '',
    'Options:',
    ...columns(options),
    '',
    'Sections:',
    ...columns(sections.map(({ name, title }) => [name, title])),
    '',
    `Peers: ${peers.join(', ')}`,
    'They are installed below the system’s folder for temporary files, or in MILLRACE_BENCH_CACHE; one that cannot be had',
    'is skipped by name. As root on Debian, apt-get installs the servers that are missing. MILLRACE_STATEMENTS=single is',
    'handed to Millrace’s workers.',
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
