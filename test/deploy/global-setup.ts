import process from 'node:process';
import { performance } from 'node:perf_hooks';
import type { TestProject } from 'vitest/node';
import { EmulatedDeployment, type EmulatedStack } from '../support/emulated-deployment.ts';
import { QUEUES } from './queues.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The stack that all files share; each has queues of its own. */
    readonly deployed: EmulatedStack;
  }
}

/** One emulator and one deployed stack for the whole suite. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const begin = performance.now();
  const deployment = await EmulatedDeployment.start();
  try {
    const startMs = performance.now() - begin;
    const stack = await deployment.deploy({ stack: 'Millrace', queues: QUEUES });
    project.provide('deployed', stack);
    process.stdout.write(
      `emulated AWS, started and bootstrapped: ${seconds(startMs)}; cdk deploy: ${seconds(stack.deployMs)}\n`,
    );
  } catch (error) {
    process.stderr.write(deployment.aws.log().slice(-5000));
    await deployment.stop();
    throw error;
  }
  return () => deployment.stop();
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
