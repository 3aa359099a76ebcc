import { readdirSync, readFileSync } from 'node:fs';

/** A living process. */
export interface Living {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * All living processes that know of this folder: by their command line, as workers, spawners and tasks do, or by
 * their environment, as the guardian and whatever a task has forked do. Zombies are dead.
 */
export function livingOf(folder: string): Living[] {
  const found: Living[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const read = (file: string): string => readFileSync(`/proc/${name}/${file}`, 'latin1');
      const command = read('cmdline');
      if (!command.includes(folder) && !read('environ').includes(folder)) continue;
      const stat = read('stat');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || state === 'X') continue;
      found.push({
        pid: Number(name),
        parent: Number(parent),
        command: command.replaceAll('\0', ' ').trim().slice(0, 300),
      });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The spawners of a worker: mostly one. */
export function spawnersOf(folder: string, worker: number): number[] {
  return livingOf(folder)
    .filter(({ parent, command }) => parent === worker && command.includes('spawner-main'))
    .map(({ pid }) => pid);
}

/** The programs that start other programs for a worker's spawners; none where there is no compiler. */
export function startersOf(folder: string, worker: number): number[] {
  const spawners = spawnersOf(folder, worker);
  return livingOf(folder)
    .filter(({ parent, command }) => spawners.includes(parent) && /\/starter-[a-z0-9-]+ /.test(command))
    .map(({ pid }) => pid);
}

/** Seconds since boot: what tasks have in their diaries, since a shell can read it for nothing. */
export function uptime(): number {
  return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
}
