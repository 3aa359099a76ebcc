import { randomInt } from 'node:crypto';
import process from 'node:process';
import { parseOptions, USAGE } from './options.ts';
import { makePlan } from './plan.ts';
import { startRun } from './start-run.ts';

/** `npm run chaos`: real processes, killed at random, and what must hold afterwards. */
const argv = process.argv.slice(2);
const options = parseOptions(argv, () => randomInt(1_000_000));

if (typeof options === 'string') {
  (options === '' ? process.stdout : process.stderr).write(options === '' ? USAGE : `${options}\n\n${USAGE}`);
  process.exitCode = options === '' ? 0 : 2;
} else if (options.plan) {
  for (const fault of makePlan(options).faults) process.stdout.write(`${JSON.stringify(fault)}\n`);
} else {
  process.stderr.write(
    `seed ${options.seed}; again: npm run chaos -- ${['--seed', options.seed, ...withoutSeed()].join(' ')}\n`,
  );
  const isLive = process.stderr.isTTY && !options.json;
  const run = await startRun([
    '--seed',
    String(options.seed),
    ...withoutSeed(),
    ...(isLive ? ['--live'] : []),
  ]);
  run.child.stdout?.on('data', (text: string) => process.stdout.write(text));
  run.child.stderr?.on('data', (text: string) => process.stderr.write(text));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void run.stop());
  const exit = await run.exit;
  process.exitCode = typeof exit === 'number' ? exit : 1;
}

function withoutSeed(): string[] {
  return argv.filter((word, at) => !word.startsWith('--seed') && argv[at - 1] !== '--seed');
}
