import { access, chmod, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { needPrograms } from '../../test/support/debian-packages.ts';

/** Asked by Debian's packages before they start a service; 101 means that they may not. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs Debian packages whose programs are missing, without the services that they bring being started.
 * @param programs each with the package that brings it
 * @throws Error where that cannot be done
 */
export async function needServers(programs: Readonly<Record<string, string>>): Promise<void> {
  const ours = process.getuid?.() === 0 && !(await access(POLICY).then(...isThere));
  if (ours) {
    await writeFile(POLICY, '#!/bin/sh\nexit 101\n');
    await chmod(POLICY, 0o755);
  }
  try {
    await needPrograms(programs);
  } finally {
    if (ours) await rm(POLICY, { force: true });
  }
}

const isThere = [() => true, () => false] as const;
