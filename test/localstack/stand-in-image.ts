import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBaseImage } from '../support/base-image.ts';
import type { DockerEngine } from '../support/docker-engine.ts';
import { ministackPackages } from '../support/python-tools.ts';

const IMAGE = 'millrace-test/ministack:built';

/**
 * An image that answers like LocalStack, health route and log included: MiniStack on the base of the suites. It runs
 * the same test code where LocalStack's own image is not to be had.
 */
export async function buildStandInImage(engine: DockerEngine): Promise<string> {
  const base = await makeBaseImage(engine);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-stand-in-'));
  try {
    await cp(await ministackPackages(), join(folder, 'packages'), { recursive: true });
    const dockerfile = [
      `FROM ${base}`,
      'RUN apt-get update -qq && apt-get install -qq -y --no-install-recommends python3',
      'COPY packages/ /opt/packages/',
      'ENV PYTHONPATH=/opt/packages GATEWAY_PORT=4566 IOT_MTLS_ENABLED=0',
      'EXPOSE 4566',
      'CMD ["python3", "-m", "ministack"]',
    ];
    await writeFile(join(folder, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    await engine.docker('build', '--quiet', '--network', 'host', '--tag', IMAGE, folder);
    return IMAGE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
