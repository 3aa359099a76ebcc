import { readdirSync, readFileSync } from 'node:fs';

/** What processes and all that they started had used at one moment. */
export interface TreeUse {
  /** Since they began, with what of theirs has ended and was waited for. */
  readonly cpuMs: number;
  /** The most that the first processes themselves ever had resident, and their living descendants. */
  readonly rootMiB: number;
  readonly childrenMiB: number;
}

const TICK_MS = 10; // USER_HZ is 100 on every Linux that Node runs on: proc(5)

/** @throws Error when none of them lives, or there is no /proc */
export function readTree(roots: readonly number[]): TreeUse {
  const children = childrenByParent();
  let [cpuMs, rootKiB, childrenKiB] = [0, 0, 0];
  const visit = (pid: number, isRoot: boolean): void => {
    const use = readProcess(pid);
    if (use) {
      cpuMs += use.ticks * TICK_MS;
      if (isRoot) rootKiB += use.peakKiB;
      else childrenKiB += use.peakKiB;
    }
    for (const child of children.get(pid) ?? []) visit(child, false);
  };
  for (const root of roots) visit(root, true);
  if (rootKiB === 0) throw new Error(`none of the processes ${roots.join(', ')} lives`);
  return { cpuMs, rootMiB: rootKiB / 1024, childrenMiB: childrenKiB / 1024 };
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(fieldsOf(pid)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

function readProcess(pid: number): { ticks: number; peakKiB: number } | undefined {
  const fields = fieldsOf(pid);
  if (!fields) return undefined;
  // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), counted here from the third.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  try {
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return { ticks, peakKiB: Number(peak?.[1] ?? 0) };
  } catch {
    return { ticks, peakKiB: 0 }; // it ended in between
  }
}

/** From the state on: what stands before it, the program's name in brackets, may have blanks in it. */
function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
