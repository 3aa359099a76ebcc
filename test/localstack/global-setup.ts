import { LocalstackContainer } from '@testcontainers/localstack';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { allowPlainHttp } from '../support/bootstrap-bucket.ts';
import { Cdk, type EmulatedContext } from '../support/cdk.ts';
import { startDockerEngine, type DockerEngine } from '../support/docker-engine.ts';
import type { EmulatedStack, Outputs } from '../support/emulated-deployment.ts';
import { REGION } from '../support/ministack.ts';
import { ROOT_KEY } from '../support/signed-request.ts';
import { buildStandInImage } from './stand-in-image.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent where no container engine is to be had. */
    readonly localstack: EmulatedStack | undefined;
  }
}

/** The last one that runs without a token. */
const LOCALSTACK = 'localstack/localstack:4.14.0';
const APP = 'test/localstack/community-app.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const undo: (() => Promise<unknown>)[] = [];
  const teardown = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const engine = await startDockerEngine().catch((error: unknown) =>
      say(`no container engine: ${String(error)}`),
    );
    project.provide('localstack', undefined);
    if (!engine) return teardown;
    undo.push(() => engine.stop());
    const image = await chooseImage(engine);
    say(`image: ${image}${image === LOCALSTACK ? '' : `, standing in for ${LOCALSTACK}`}`);
    process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'; // its image is not to be had either; the teardown stops all
    const container = await new LocalstackContainer(image)
      // Functions run in containers beside it.
      .withBindMounts([{ source: engine.socket, target: '/var/run/docker.sock' }])
      .withEnvironment({ LAMBDA_IGNORE_ARCHITECTURE: '1', CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES: '1' })
      .start();
    undo.push(() => container.stop());
    // The address, not the name: buckets would become names under it, which few resolvers know.
    project.provide('localstack', await deploy(`http://127.0.0.1:${container.getPort()}`));
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function chooseImage(engine: DockerEngine): Promise<string> {
  const wanted = process.env['MILLRACE_LOCALSTACK_IMAGE'] || LOCALSTACK;
  if ((await engine.tryDocker('image', 'inspect', wanted)).code === 0) return wanted;
  const pulled = await engine.tryDocker('pull', '--quiet', wanted);
  if (pulled.code === 0) return wanted;
  say(`${wanted} is not to be had: ${pulled.stderr.trim().split('\n').at(-1)}`);
  return buildStandInImage(engine);
}

async function deploy(endpoint: string): Promise<EmulatedStack> {
  const queues: EmulatedContext['queues'] = [{ name: 'default', leaseSeconds: 5 }];
  const context = { stack: 'Millrace', queues, region: REGION, image: 'none', workerKey: ROOT_KEY };
  const cdk = new Cdk(endpoint, APP);
  await cdk.bootstrap();
  await allowPlainHttp(endpoint);
  const begin = performance.now();
  const outputs = (await cdk.deploy(context)) as unknown as Outputs;
  const deployMs = performance.now() - begin;
  say(`cdk deploy: ${(deployMs / 1000).toFixed(1)} s`);
  return { endpoint, context, outputs, deployMs };
}

function say(text: string): undefined {
  process.stdout.write(`${text}\n`);
}
