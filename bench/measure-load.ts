import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cleanEnv, LocalStack } from '../test/support/local-stack.ts';
import { endAll, run } from '../test/support/processes.ts';
import { writeCommands } from './command-lines.ts';
import { median } from './median.ts';
import { watchMemory } from './watch-memory.ts';

/** Of `millrace load` beside a bare loop that sends the same messages; medians of all rounds. */
export interface LoadFigures {
  readonly perSecond: number;
  readonly barePerSecond: number;
  /** Of the rates of each round. */
  readonly ratio: number;
  /** Of the loader, the most in any round. */
  readonly loaderMiB: number;
  /** What the loader had in the middle of its last fifth more than in the middle of its second. */
  readonly loaderGrowthMiB: number;
  /** Of the stack, the most in any round. */
  readonly stackMiB: number;
}

/** As many as the loader's chunks and their messages make together. */
const REQUESTS_AT_ONCE = 32;

interface Round {
  readonly loadSeconds: number;
  readonly bareSeconds: number;
  readonly loaderMiB: number;
  readonly growthMiB: number;
  readonly stackMiB: number;
}

/**
 * Loads a file of so many commands into a local stack, and sends their messages by the SDK alone to another one, in
 * turns, each on a stack of its own.
 * @param stackArgs of `millrace local`: `--memory`, or none for a durable one
 */
export async function measureLoad(
  lines: number,
  rounds = 5,
  stackArgs: readonly string[] = [],
): Promise<LoadFigures> {
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-load-'));
  try {
    const file = join(home, 'commands.txt');
    await writeCommands(file, lines);
    const all: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const bare = () => measureBare(lines, stackArgs);
      const first = round % 2 === 0 ? undefined : await bare();
      const load = await measureOne(file, stackArgs);
      all.push({ ...load, bareSeconds: first ?? (await bare()) });
    }
    const most = (name: keyof Round) => Math.max(...all.map((round) => round[name]));
    return {
      perSecond: Math.round(lines / median(all.map(({ loadSeconds }) => loadSeconds))),
      barePerSecond: Math.round(lines / median(all.map(({ bareSeconds }) => bareSeconds))),
      ratio: median(all.map(({ loadSeconds, bareSeconds }) => bareSeconds / loadSeconds)),
      loaderMiB: most('loaderMiB'),
      loaderGrowthMiB: median(all.map(({ growthMiB }) => growthMiB)),
      stackMiB: most('stackMiB'),
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measureOne(file: string, stackArgs: readonly string[]) {
  const stack = await LocalStack.start(stackArgs);
  const stackMemory = watchMemory(stack.process.pid);
  try {
    const began = performance.now();
    const loader = stack.startCli(['load', 'default', file, '--json']);
    const memory = watchMemory(loader.pid);
    const code = await loader.exit;
    const loadSeconds = (performance.now() - began) / 1000;
    memory.stop();
    if (code !== 0) throw new Error(`load exited ${code}: ${loader.stderr()}`);
    return {
      loadSeconds,
      loaderMiB: memory.peakMiB(),
      growthMiB: memory.medianMiB(0.8, 1) - memory.medianMiB(0.2, 0.4),
      stackMiB: stackMemory.peakMiB(),
    };
  } finally {
    stackMemory.stop();
    await stack.remove();
  }
}

async function measureBare(lines: number, stackArgs: readonly string[]): Promise<number> {
  const stack = await LocalStack.start(stackArgs);
  try {
    const key = new URL(stack.ready.api).password;
    const url = stack.ready.queues['default'] ?? '';
    const program = join(import.meta.dirname, 'bare-send.ts');
    const { code, stdout, stderr } = await run(
      process.execPath,
      [program, url, String(lines), String(REQUESTS_AT_ONCE)],
      {
        env: {
          ...cleanEnv(stack.data),
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: key,
          AWS_SECRET_ACCESS_KEY: key,
          AWS_ENDPOINT_URL_SQS: stack.ready.sqs,
        },
      },
    );
    if (code !== 0) throw new Error(`the bare loop exited ${code}: ${stderr}`);
    return Number(stdout);
  } finally {
    await stack.remove();
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '50000' },
      rounds: { type: 'string', default: '5' },
      memory: { type: 'boolean', default: false },
    },
  });
  const stackArgs = values.memory ? ['--memory'] : [];
  const figures = await measureLoad(Number(values.lines), Number(values.rounds), stackArgs);
  const rows: [string, string][] = [
    ['millrace load', `${figures.perSecond} tasks/s`],
    ['bare SDK loop', `${figures.barePerSecond} messages/s`],
    ['ratio', figures.ratio.toFixed(2)],
    ['loader, most', `${figures.loaderMiB} MiB`],
    ['loader, growth', `${figures.loaderGrowthMiB} MiB`],
    ['stack, most', `${figures.stackMiB} MiB`],
  ];
  process.stdout.write(rows.map(([what, figure]) => `${what.padEnd(16)}  ${figure}\n`).join(''));
  await endAll();
}
