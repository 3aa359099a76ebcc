import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache-dir.ts';
import { needPrograms } from './debian-packages.ts';
import type { DockerEngine } from './docker-engine.ts';
import { run } from './processes.ts';

const SUITE = 'bookworm';
/** The name under which the base image of the suites is known to the engine. */
export const BASE_IMAGE = `millrace-test/node:24-${SUITE}`;

/**
 * Makes an image like `node:24-bookworm-slim` without pulling one: Debian by debootstrap (a minute, then kept), the
 * Node that runs this.
 */
export async function makeBaseImage(engine: DockerEngine): Promise<string> {
  const debian = `millrace-test/debian:${SUITE}`;
  await engine.docker('import', await debianArchive(), debian);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-image-'));
  try {
    await mkdir(join(folder, 'lib'));
    await copyFile(process.execPath, join(folder, 'node'));
    for (const library of await librariesOfNode()) {
      await copyFile(await realpath(library), join(folder, 'lib', library.split('/').at(-1) ?? ''));
    }
    const dockerfile = [
      `FROM ${debian}`,
      'COPY node /usr/local/bin/node',
      'COPY lib/ /usr/local/lib/',
      'RUN ldconfig && node --version',
    ];
    await writeFile(join(folder, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
    await engine.docker('build', '--quiet', '--network', 'none', '--tag', BASE_IMAGE, folder);
    return BASE_IMAGE;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function debianArchive(): Promise<string> {
  const folder = await cached(`debian-${SUITE}-minbase`, async (path) => {
    await needPrograms({ debootstrap: 'debootstrap' });
    const root = await mkdtemp(join(tmpdir(), 'millrace-debian-'));
    try {
      const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
      const made = await run('debootstrap', ['--variant=minbase', SUITE, root], { env });
      if (made.code !== 0) throw new Error(`debootstrap exited ${made.code}: ${made.stdout}${made.stderr}`);
      const without = ['./var/cache/apt', './var/lib/apt/lists', './dev'].map(
        (name) => `--exclude=${name}/*`,
      );
      const packed = await run('tar', ['-C', root, ...without, '-cf', join(path, 'root.tar'), '.']);
      if (packed.code !== 0) throw new Error(`tar exited ${packed.code}: ${packed.stderr}`);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
  return join(folder, 'root.tar');
}

/** What a minimal Debian lacks of what Node is linked with. */
async function librariesOfNode(): Promise<string[]> {
  const { stdout } = await run('ldd', [process.execPath]);
  return [...stdout.matchAll(/=> (\S*lib(?:stdc\+\+|gcc_s)\.so\S*)/g)].map((match) => match[1] ?? '');
}
