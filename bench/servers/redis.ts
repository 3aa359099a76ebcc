import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { startLeashed } from '../../test/support/leashed.ts';
import { until } from '../../test/support/processes.ts';
import { mustRun } from '../install/cache-folder.ts';
import { needServers } from '../install/debian.ts';

/** @returns its version @throws Error where it cannot be installed */
export async function installRedis(): Promise<string> {
  await needServers({ 'redis-server': 'redis-server' });
  return /v=([\d.]+)/.exec(await mustRun('redis-server', ['--version']))?.[1] ?? 'unknown';
}

/** An empty Redis of one measurement's own. It keeps nothing on disk, which favours the peers on it. */
export async function startRedis(): Promise<{ env: Record<string, string>; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-redis-'));
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = startLeashed(folder, 'redis-server', [...args, '--save', '', '--appendonly', 'no']);
  try {
    await until('Redis to answer', () => {
      if (server.child.exitCode !== null)
        throw new Error(`Redis ended: ${server.stdout()}${server.stderr()}`);
      return answers(port);
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
  const env = { BENCH_REDIS_PORT: String(port), BENCH_REDIS_URL: `redis://127.0.0.1:${port}/0` };
  return { env, close: () => server.stop() };
}

/** Whether somebody listens on a port of the loopback address. */
export async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
