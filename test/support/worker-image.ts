import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorker } from '../../worker-image/bundle-worker.ts';
import { makeBaseImage } from './base-image.ts';
import type { DockerEngine } from './docker-engine.ts';

const IMAGE = 'millrace-test/worker:built';

/** Builds worker-image/ on the base of the suites, with handlers that look around. @returns the image's name */
export async function buildWorkerImage(engine: DockerEngine): Promise<string> {
  const base = await makeBaseImage(engine);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-worker-image-'));
  try {
    bundleWorker(folder, join(import.meta.dirname, '../fixtures/contained-tasks'));
    // The base has no compiler: what this machine's makes is put beside the Dockerfile, as that says.
    spawnSync('sh', ['build-starter.sh', '.', 'static'], { cwd: folder });
    const network = ['--network', 'none']; // it needs none, and must not
    const tag = ['--tag', IMAGE];
    await engine.docker('build', '--quiet', ...network, '--build-arg', `BASE=${base}`, ...tag, folder);
    return IMAGE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
