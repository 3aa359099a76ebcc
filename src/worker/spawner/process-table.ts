import { readdirSync, readFileSync } from 'node:fs';

/** Every process of the machine, from Linux's /proc; undefined where there is none. */
export function processIds(): string[] | undefined {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
}

/** State (`Z` is a zombie) and process group. @throws if it has ended */
export function readStat(pid: string): { state: string; group: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // `pid (name) state ppid pgrp …`: the name may hold spaces and parentheses.
  const [state = '', , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, group: Number(group) };
}

/**
 * Whether a group that still exists has none but zombies: orphans that process 1 does not reap, as in a
 * container without an init. Reads every process of the machine.
 */
export function hasOnlyZombies(pgid: number): boolean {
  return (
    processIds()?.every((pid) => {
      try {
        const { state, group } = readStat(pid);
        return group !== pgid || state === 'Z' || state === 'X';
      } catch {
        return true; // it ended while it was looked at
      }
    }) ?? false
  );
}
