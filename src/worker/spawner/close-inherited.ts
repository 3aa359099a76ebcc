import { closeSync, readdirSync, readFileSync } from 'node:fs';

const O_CLOEXEC = 0o2_000_000;

/**
 * Closes what whoever started the worker had left open (shells and supervisors do), so that no program
 * inherits it. All that Node itself opens is marked close-on-exec, which tells the one from the other.
 */
export function closeInherited(): void {
  for (const fd of openDescriptors()) {
    try {
      const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
      if (flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0) closeSync(fd);
    } catch {
      // The one that the folder itself was read through.
    }
  }
}

function openDescriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd > 2);
  } catch {
    return []; // not Linux
  }
}
