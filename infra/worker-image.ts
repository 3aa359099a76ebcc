import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Stage } from 'aws-cdk-lib';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { IS_CHECKOUT, WORKER_IMAGE } from './code-paths.ts';

/** The workers' image: one that is given, by construct or by name, or the one that Docker builds at deployment. */
export function makeWorkerImage(
  scope: Construct,
  given: ContainerImage | string | undefined,
  architecture: CpuArchitecture,
): ContainerImage {
  if (typeof given === 'string') return ContainerImage.fromRegistry(given);
  if (given) return given;
  // Synthesising only hashes the folder: Docker is needed by `cdk deploy` alone.
  const asset = new DockerImageAsset(scope, 'WorkerImage', {
    directory: IS_CHECKOUT ? bundleContext(scope) : WORKER_IMAGE,
    platform: architecture === CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
  return ContainerImage.fromDockerImageAsset(asset);
}

/** Bundles the worker into a folder that Docker can build, among what is synthesised. By path: it is not ours to import. */
function bundleContext(scope: Construct): string {
  const require = createRequire(import.meta.url);
  const { bundleWorker } = require(join(WORKER_IMAGE, 'bundle-worker.ts')) as {
    bundleWorker: (directory: string) => string;
  };
  return bundleWorker(join(Stage.of(scope)?.outdir ?? '', 'worker-image'));
}
