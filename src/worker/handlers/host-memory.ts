import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import process from 'node:process';

const MIB = 1024 * 1024;
const PAGE_BYTES = 4096; // arm64 kernels with larger pages report more of them than there are: never less

/** What worker, spawner and system need beside the handlers. */
const RESERVED_MIB = 256;
const MIN_MIB = 128;
const MAX_MIB = 1024;

/** What a host may hold beyond what a handler may use: Node itself, and the loaded code. */
export const HOST_BASE_MIB = 128;

/**
 * What each handler may use when nobody says: its share of the machine or the container, within bounds. The floor
 * may promise more than there is: hosts of idle slots hold little, and the kernel takes a host first.
 * @param memoryMiB of the machine or the container; absent: looked up
 */
export function defaultHandlerMemoryMiB(slots: number, memoryMiB = machineMemoryMiB()): number {
  const share = Math.floor((memoryMiB - RESERVED_MIB) / slots) - HOST_BASE_MIB;
  return Math.min(MAX_MIB, Math.max(MIN_MIB, share));
}

/** What this process's container may use, or the machine has. */
export function machineMemoryMiB(): number {
  const constrained = process.constrainedMemory(); // 0, or more than there is: no limit
  const total = totalmem();
  return Math.floor((constrained > 0 ? Math.min(constrained, total) : total) / MIB);
}

/** What a process holds of the machine's memory; undefined where there is no /proc, or when it has ended. */
export function residentMiB(pid: number): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    return (pages * PAGE_BYTES) / MIB;
  } catch {
    return undefined;
  }
}
