import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { freePort } from '../../test/support/free-port.ts';
import { startLeashed } from '../../test/support/leashed.ts';
import { run, until } from '../../test/support/processes.ts';
import { needServers } from '../install/debian.ts';
import { mustRun } from '../install/cache-folder.ts';

/** The scripts themselves: those on the PATH change to the package's own user, who may not read our folder. */
const BIN = '/usr/lib/rabbitmq/bin';
const START_MS = 60_000;

/** @returns versions @throws Error where it cannot be installed */
export async function installRabbitmq(): Promise<Record<string, string>> {
  await needServers({ rabbitmqctl: 'rabbitmq-server', 'amqp-consume': 'amqp-tools' });
  const version = async (name: string) =>
    mustRun('dpkg-query', ['--show', '--showformat=${Version}', name]).catch(() => 'unknown');
  return { RabbitMQ: await version('rabbitmq-server'), 'amqp-tools': await version('amqp-tools') };
}

/** A RabbitMQ of the bench's own, with its port mapper, all on the loopback address. */
export async function startRabbitmq(): Promise<{ url: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-rabbitmq-'));
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()];
  await writeFile(join(folder, 'rabbitmq.conf'), `listeners.tcp.1 = 127.0.0.1:${port}\n`);
  await writeFile(join(folder, 'plugins'), '[].\n');
  const env = {
    ...process.env,
    HOME: folder, // its cookie
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `bench-${process.pid}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  // The server would start one that outlives it.
  const epmdFolder = await mkdtemp(join(tmpdir(), 'millrace-bench-epmd-'));
  const epmd = startLeashed(epmdFolder, 'epmd', ['-port', String(mapper), '-address', '127.0.0.1'], { env });
  const server = startLeashed(folder, join(BIN, 'rabbitmq-server'), [], { env });
  const close = async (): Promise<void> => {
    await server.stop();
    await epmd.stop();
  };
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  try {
    await until(
      'RabbitMQ to answer',
      async () => {
        if (server.child.exitCode !== null)
          throw new Error(`RabbitMQ ended: ${server.stdout()}${server.stderr()}`);
        const probe = await run('amqp-declare-queue', ['--url', url, '-q', 'probe']);
        return probe.code === 0;
      },
      START_MS,
    );
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}
