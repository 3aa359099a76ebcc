import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePort } from './free-port.ts';
import { startLeashed } from './leashed.ts';
import { cleanEnv } from './local-stack.ts';
import { until } from './processes.ts';
import { pythonTools } from './python-tools.ts';

/** The account and region that MiniStack plays. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** A running MiniStack: an AWS on a port of the loopback address. */
export interface Ministack {
  readonly endpoint: string;
  readonly port: number;
  log(): string;
  stop(): Promise<void>;
}

/** @param dockerSocket of the engine that runs its containers; without one RunTask starts nothing */
export async function startMinistack(dockerSocket = '/nowhere/docker.sock'): Promise<Ministack> {
  const bin = await pythonTools();
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'millrace-ministack-'));
  const server = startLeashed(folder, join(bin, 'python'), ['-m', 'ministack'], {
    env: {
      ...cleanEnv(''),
      AUTH: 'true', // signatures and policies count
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1', // its default is every interface
      IOT_MTLS_ENABLED: '0', // that would be a second port
      DOCKER_HOST: `unix://${dockerSocket}`,
      TMPDIR: folder, // the functions' code
      // Functions run as processes of the first `node` there: ours, whatever the machine has.
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await until('MiniStack to answer', async () => {
      if (server.child.exitCode !== null) throw new Error('MiniStack ended');
      return fetch(`${endpoint}/_ministack/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
  } catch (error) {
    await server.stop();
    throw new Error(`MiniStack does not start: ${server.stderr()}`, { cause: error });
  }
  return { endpoint, port, log: () => server.stdout() + server.stderr(), stop: () => server.stop() };
}
