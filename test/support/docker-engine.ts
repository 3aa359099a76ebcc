import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needPrograms } from './debian-packages.ts';
import { startLeashed } from './leashed.ts';
import { run, until } from './processes.ts';

/** A Docker engine: the machine's, or one of our own on a socket of its own. */
export interface DockerEngine {
  readonly socket: string;
  readonly isOurs: boolean;
  /** Runs the docker command line. @throws when it fails */
  docker(...args: string[]): Promise<string>;
  /** The same, whatever its exit code. */
  tryDocker(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }>;
  stop(): Promise<void>;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';
const BRIDGE = '/sys/class/net/docker0';

/** Uses the engine that answers; where none does, starts one: that needs root. */
export async function startDockerEngine(): Promise<DockerEngine> {
  await needPrograms({ docker: 'docker.io' });
  const folder = await mkdtemp(join(tmpdir(), 'millrace-docker-'));
  const socket = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? DEFAULT_SOCKET;
  if (await answers(socket, folder)) return makeEngine(socket, folder, undefined);
  await needPrograms({ dockerd: 'docker.io' });
  const own = join(folder, 'docker.sock');
  const hadBridge = existsSync(BRIDGE);
  const daemon = startLeashed(
    folder,
    'dockerd',
    [
      ['--data-root', join(folder, 'data')],
      ['--exec-root', join(folder, 'exec')],
      ['--pidfile', join(folder, 'docker.pid')],
      ['-H', `unix://${own}`],
      // Ports are published by its proxy, containers that call out use the host's network: the machine's rules stay.
      ['--iptables=false', '--ip6tables=false'],
    ].flat(),
    { graceSeconds: 60, env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` } },
  );
  const engine = makeEngine(own, folder, async () => {
    await daemon.stop();
    if (!hadBridge) await run('ip', ['link', 'delete', 'docker0']).catch(() => {}); // harmless where `ip` is missing
  });
  try {
    await until('the Docker engine to answer', async () => {
      if (daemon.child.exitCode !== null) throw new Error('dockerd ended');
      return answers(own, folder);
    });
    return engine;
  } catch (error) {
    await engine.stop();
    throw new Error(`no Docker engine: ${daemon.stderr().slice(-2000)}`, { cause: error });
  }
}

/** An engine that another process has started. */
export function connectDockerEngine(socket: string): DockerEngine {
  return makeEngine(socket, undefined, undefined);
}

function makeEngine(
  socket: string,
  folder: string | undefined,
  end: (() => Promise<void>) | undefined,
): DockerEngine {
  const tryDocker = (...args: string[]) => run('docker', args, { env: dockerEnv(socket, folder) });
  return {
    socket,
    isOurs: end !== undefined,
    tryDocker,
    async docker(...args) {
      const { code, stdout, stderr } = await tryDocker(...args);
      if (code !== 0) throw new Error(`docker ${args.join(' ')} exited ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    async stop() {
      await end?.();
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(socket: string, folder: string): Promise<boolean> {
  return (await run('docker', ['version'], { env: dockerEnv(socket, folder) })).code === 0;
}

/** No settings of the machine's user, and the builder that every engine has. */
function dockerEnv(socket: string, folder = '/nowhere'): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: '0' };
}
