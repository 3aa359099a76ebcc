import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCommands } from '../../bench/load/command-lines.ts';
import { watchMemory } from '../../bench/watch-memory.ts';
import type { BatchProgress } from '../../src/core/progress.ts';
import { LocalStack } from '../support/local-stack.ts';
import { endAll, until } from '../support/processes.ts';

const LINES = 50_000;
const MAX_MIB = 150; // of a million as well: it does not grow
let stack: LocalStack;

beforeAll(async () => {
  stack = await LocalStack.start(['--memory']);
});
afterAll(async () => {
  await stack.remove();
  await endAll();
});

async function pending(): Promise<number> {
  const answer = await stack.fetch('/v1/queues/default');
  return ((await answer.json()) as { pending: number }).pending;
}

/** Loads until so many are there, and ends the loader with the signal then; without one it comes to its end. */
async function load(file: string, signal?: NodeJS.Signals, count = 0) {
  const loader = stack.startCli(['load', 'default', file, '--json']);
  const memory = watchMemory(loader.pid);
  if (signal) {
    await until(`${count} tasks to be there`, async () => (await pending()) >= count);
    loader.child.kill(signal);
  }
  const exit = await loader.exit;
  memory.stop();
  return { exit, stdout: loader.stdout(), stderr: loader.stderr(), peakMiB: memory.peakMiB() };
}

test('a load that is interrupted twice comes to exactly as many tasks as there are lines, in bounded memory', async () => {
  const file = join(stack.home, 'commands.txt');
  await writeCommands(file, LINES);
  expect((await load(file, 'SIGINT', LINES * 0.2)).exit).toBe(130);
  expect((await load(file, 'SIGKILL', LINES * 0.5)).exit).toBe('SIGKILL');
  const { exit, stdout, stderr, peakMiB } = await load(file);
  expect([exit, stderr]).toEqual([0, '']);
  const { id, accepted, refused } = JSON.parse(stdout) as BatchProgress & { accepted: number; refused: [] };
  expect([accepted, refused]).toEqual([LINES, []]);
  const batch = await stack.json<BatchProgress>(['progress', '--batch', id]);
  expect(batch).toMatchObject({ total: LINES, pending: LINES });
  expect(peakMiB).toBeLessThan(MAX_MIB);
}, 120_000);
