import { cpus, release, totalmem } from 'node:os';
import { readFile } from 'node:fs/promises';
import process from 'node:process';

/** What the figures depend on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly system: string;
  readonly node: string;
}

export async function readMachine(): Promise<Machine> {
  const about = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(about)?.[1] ?? process.platform,
    node: process.version,
  };
}

export function describeMachine({ cpu, cores, memoryGiB, kernel, system, node }: Machine): string {
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}, Linux ${kernel}, Node ${node}`;
}
