import type { ProgramEnd, ProgramFailure } from '../spawner/program-runner.ts';

/** How a process ends that V8, the C library or the kernel ends for want of memory. */
const OF_MEMORY = new Set(['SIGKILL', 'SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGSEGV', 'SIGBUS']);

/**
 * What it says of a task that its host ended under it, and nobody had asked for that.
 * @param killedFor why the worker killed it, if it did
 */
export function describeHostEnd(
  { exitCode, signal, spawnError }: ProgramEnd,
  killedFor: string | undefined,
  memoryMiB: number,
): ProgramFailure {
  if (killedFor !== undefined) return { reason: 'signal', error: killedFor };
  if (spawnError !== undefined) return { reason: 'spawn', error: spawnError };
  if (signal === undefined) {
    const error = `the handler ended its process (exit ${exitCode ?? 'unknown'}) before it returned; handlers return or throw`;
    return { reason: 'exit', error };
  }
  const cause = OF_MEMORY.has(signal)
    ? `: most likely it ran out of memory, of which a handler may use ${memoryMiB} MiB here (handlerMemoryMiB)`
    : '';
  return { reason: 'signal', error: `the handler’s process was ended by ${signal}${cause}` };
}
