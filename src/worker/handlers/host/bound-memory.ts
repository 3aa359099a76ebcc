import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

const KIB_PER_MIB = 1024;
/** V8 takes some memory beyond its heap, for code and for itself. */
const SLACK_MIB = 32;

/**
 * Bounds what this process may take from now on: outside of V8's heap too, which a flag bounds. Where the machine
 * runs out nevertheless, the kernel is to end this process, not the worker. Linux only, and where `prlimit` is to be
 * had: elsewhere the worker watches alone.
 *
 * Not `ulimit` in a shell before: the limit counts what is reserved, of which Node has hundreds of MiB from its start,
 * differently on each machine; from here it is what is there, and so much more.
 */
export function boundMemory(memoryMiB: number): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
    const kib = /^VmData:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    if (kib === undefined) return;
    const bytes = (Number(kib) + (memoryMiB + SLACK_MIB) * KIB_PER_MIB) * 1024;
    spawnSync('prlimit', [`--pid=${process.pid}`, `--data=${bytes}:${bytes}`, '--core=0:0'], {
      stdio: 'ignore',
    });
  } catch {
    // Not Linux.
  }
}
