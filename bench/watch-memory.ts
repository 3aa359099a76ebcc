import { readFileSync } from 'node:fs';
import { median } from './figures.ts';

/** Resident memory of a process while it runs, in MiB, looked at ten times a second. */
export interface MemoryWatch {
  /** The most that it ever had. */
  peakMiB(): number;
  /** Of the looks in that part of its life so far, from 0 to 1: the middle one; NaN of none. */
  medianMiB(from: number, to: number): number;
  stop(): void;
}

const EVERY_MS = 100;

/** Watches from now on, until `stop`; sees nothing where there is no /proc. */
export function watchMemory(pid: number): MemoryWatch {
  const seen: number[] = [];
  let peakKiB = 0;
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const kiB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
      peakKiB = Math.max(peakKiB, kiB('VmHWM'));
      if (kiB('VmRSS') > 0) seen.push(kiB('VmRSS'));
    } catch {
      // It has ended.
    }
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return {
    peakMiB: () => Math.round(peakKiB / 1024),
    medianMiB(from, to) {
      const part = seen.slice(Math.floor(seen.length * from), Math.ceil(seen.length * to));
      return Math.round(median(part) / 1024);
    },
    stop: () => clearInterval(timer),
  };
}
