import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { processIds, readStat } from './process-table.ts';
import type { RunAs } from './protocol.ts';
import { RESULT_VARIABLE } from './run-folder.ts';

/**
 * The process groups of all living processes whose MILLRACE_RESULT lies in `folder`: also of those that
 * left their program's group by setsid, and of those whose start was never reported.
 *
 * A process may have cleared its environment, and only Linux has /proc: this finds what a known group
 * does not, and replaces none. It reads every process of the machine: for deaths and kills only.
 */
export function findGroups(folder: string, owner?: RunAs): number[] {
  const groups = new Set<number>();
  for (const pid of processesOf(folder, owner)) {
    try {
      const { group } = readStat(pid);
      if (group > 1) groups.add(group);
    } catch {
      // It ended while it was looked at.
    }
  }
  return [...groups];
}

function processesOf(folder: string, owner: RunAs | undefined): string[] {
  const wanted = `${RESULT_VARIABLE}=${folder}/`;
  const pids = processIds() ?? [];
  if (!owner) return pids.filter((pid) => isIn(pid, wanted));
  // In a container even root may not read the environment of another user's process: that user may.
  const files = pids.map((pid) => `/proc/${pid}/environ`);
  const { stdout } = spawnSync('grep', ['-lsaF', '-e', wanted, ...files], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
    cwd: '/',
    ...owner,
  });
  return [...(stdout ?? '').matchAll(/^\/proc\/(\d+)\/environ$/gm)].flatMap(([, pid]) => pid ?? []);
}

function isIn(pid: string, wanted: string): boolean {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${wanted}`);
  } catch {
    return false; // it ended meanwhile, or belongs to another user: not one that could be ours
  }
}

/**
 * Processes that a spawner had forked and that had not become their programs yet when it died: they still bear
 * its command line, which names its folder, and none of what `findGroups` looks for.
 */
export function findForks(folder: string, spawnerPid: number): number[] {
  return (processIds() ?? []).map(Number).filter((pid) => {
    if (pid === spawnerPid || pid === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`"root":${JSON.stringify(folder)}`);
    } catch {
      return false; // it ended while it was looked at
    }
  });
}
