import { readFileSync } from 'node:fs';

/** Watches the most memory that a process ever had resident, until it ends. */
export function watchPeakMemory(pid: number): { peakMiB(): number; stop(): void } {
  let peakKiB = 0;
  const look = (): void => {
    try {
      const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      peakKiB = Math.max(peakKiB, Number(found?.[1] ?? 0));
    } catch {
      // It has ended, or this system has no /proc.
    }
  };
  look();
  const timer = setInterval(look, 50);
  return { peakMiB: () => Math.round(peakKiB / 1024), stop: () => clearInterval(timer) };
}
