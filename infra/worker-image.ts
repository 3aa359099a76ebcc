import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import { WORKER_IMAGE } from './code-paths.ts';

/** The workers' image: one that is given, by construct or by name, or the one that Docker builds at deployment. */
export function makeWorkerImage(
  given: ContainerImage | string | undefined,
  architecture: CpuArchitecture,
): ContainerImage {
  if (typeof given === 'string') return ContainerImage.fromRegistry(given);
  if (given) return given;
  // Synthesising only hashes the folder: Docker is needed by `cdk deploy` alone.
  return ContainerImage.fromAsset(WORKER_IMAGE, {
    platform: architecture === CpuArchitecture.ARM64 ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
}
