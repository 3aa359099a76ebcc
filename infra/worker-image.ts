import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { BUNDLE_TASKS, IS_CHECKOUT, WORKER_IMAGE } from './code-paths.ts';

/**
 * The workers' image: one that is given, by construct or by name, or the one that Docker builds at deployment.
 * @param tasks folder of the handlers in it; absent: those of the checkout, or that the package brings
 * @throws Error when both an image and a folder are given
 */
export function makeWorkerImage(
  scope: Construct,
  given: ContainerImage | string | undefined,
  architecture: CpuArchitecture,
  tasks: string | undefined,
): ContainerImage {
  if (given !== undefined && tasks !== undefined)
    throw new Error('Both `workerImage` and `tasks` are given: an image has its handlers in it already');
  if (typeof given === 'string') return ContainerImage.fromRegistry(given);
  if (given) return given;
  // Synthesising only hashes the folder: Docker is needed by `cdk deploy` alone.
  const asset = new DockerImageAsset(scope, 'WorkerImage', {
    directory: makeContext(scope, tasks),
    // Has a C compiler, for the worker's architecture whatever this machine's is; nothing of it is in the image.
    buildArgs: { COMPILER: 'node:24-bookworm' },
    platform: architecture === CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
  return ContainerImage.fromDockerImageAsset(asset);
}

/** A folder that Docker can build: among what is synthesised, or as the package has it. By path: it is not ours to import. */
function makeContext(scope: Construct, tasks: string | undefined): string {
  const require = createRequire(import.meta.url);
  const directory = join(Stage.of(scope)?.outdir ?? '', 'worker-image');
  if (IS_CHECKOUT) {
    const { bundleWorker } = require(join(WORKER_IMAGE, 'bundle-worker.ts')) as {
      bundleWorker: (directory: string, tasksDir?: string) => string;
    };
    return bundleWorker(directory, tasks);
  }
  if (tasks === undefined) return WORKER_IMAGE;
  const { bundleTasks } = require(BUNDLE_TASKS) as { bundleTasks: (from: string, to: string) => void };
  cpSync(WORKER_IMAGE, directory, { recursive: true });
  bundleTasks(tasks, join(directory, 'tasks'));
  return directory;
}
