import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startDockerEngine } from '../support/docker-engine.ts';
import { EmulatedDeployment, type EmulatedStack } from '../support/emulated-deployment.ts';
import { buildWorkerImage } from '../support/worker-image.ts';
import { QUEUES } from './queues.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The deployed stack whose launcher starts containers. */
    readonly launching: EmulatedStack;
    readonly dockerSocket: string;
  }
}

/** An engine, the image, an emulator that runs containers on it, and a stack there. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const undo: (() => Promise<void>)[] = [];
  const teardown = async () => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const engine = await timed('Docker engine', startDockerEngine());
    undo.push(() => engine.stop());
    const image = await timed('base image and worker image', buildWorkerImage(engine));
    const deployment = await timed('emulated AWS', EmulatedDeployment.start(engine.socket));
    undo.push(() => deployment.stop());
    const stack = deployment.deploy({ stack: 'Millrace', queues: QUEUES, image });
    project.provide('launching', await timed('cdk deploy', stack));
    project.provide('dockerSocket', engine.socket);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function timed<T>(what: string, work: Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await work;
  process.stdout.write(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  return result;
}
