import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from './processes.ts';

/**
 * Installs Debian packages whose programs are missing, where that can be done: as root, with apt-get.
 * @param programs each with the package that brings it
 */
export async function needPrograms(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing = new Set<string>();
  for (const [program, debianPackage] of Object.entries(programs)) {
    if (!(await isOnPath(program))) missing.add(debianPackage);
  }
  if (missing.size > 0) await installPackages([...missing]);
}

export async function installPackages(packages: readonly string[]): Promise<void> {
  const wanted = packages.join(' ');
  if (process.getuid?.() !== 0 || !(await isOnPath('apt-get'))) {
    throw new Error(`these Debian packages, or what they bring, are needed: ${wanted}`);
  }
  process.stderr.write(`installing ${wanted}\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const { code, stderr } = await run('apt-get', install, { env });
  if (code !== 0) throw new Error(`apt-get ${install.join(' ')} exited ${code}: ${stderr}`);
}

/** Looks where root's programs are, too. */
async function isOnPath(program: string): Promise<boolean> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
