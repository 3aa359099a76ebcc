import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../../../src/core/ports.ts';
import { HandlerPool } from '../../../src/worker/handlers/handler-pool.ts';
import type { HandlerPoolOptions } from '../../../src/worker/handlers/pool-options.ts';
import type { HandlerCall } from '../../../src/worker/handlers/handlers.ts';
import type { ProgramRun } from '../../../src/worker/spawner/program-runner.ts';
import { ENV, endRunners, tempDir, useRunner } from '../spawner/use-runner.ts';

export const TASKS = join(import.meta.dirname, '../../fixtures/tasks');

const pools = new Set<HandlerPool>();

/** A pool on a spawner of its own, in folders that go when the test ends. */
export async function usePool(options: Partial<HandlerPoolOptions> = {}) {
  const { runner } = await useRunner({ orphanGraceMs: 200 });
  const channelDir = join(tempDir(), 'channels');
  mkdirSync(channelDir, { mode: 0o700 });
  const logged: string[] = [];
  const write = (about: object, text: string): void => void logged.push(`${text} ${JSON.stringify(about)}`);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const pool = await HandlerPool.start({
    runner,
    tasksDir: TASKS,
    slots: 2,
    memoryMiB: 128,
    env: () => ENV,
    channelDir,
    tailBytes: 8192,
    log,
    ...options,
  });
  pools.add(pool);
  return { pool, runner, logged, call: callsOf(pool) };
}

export async function endPools(): Promise<void> {
  await Promise.all([...pools].map((pool) => pool.close()));
  pools.clear();
  await endRunners();
}

function callsOf(pool: HandlerPool) {
  return (handler: string, args?: unknown, more: Partial<HandlerCall> = {}): ProgramRun =>
    pool.run({ handler, args, taskId: 'a-task', queue: 'a-queue', attempt: 1, env: ENV, ...more });
}
