import { destination } from 'pino';

const MIN_BYTES = 4096;
const FLUSH_MS = 50;

/**
 * Where a worker's log goes: a short task is a line, and a write to the system for each would cost a good part of what
 * the task does; a program that prints much must not wait for one each, either. Lines are held back for 50 ms at most.
 */
export function openLogStream(fd: number): ReturnType<typeof destination> {
  return destination({ fd, sync: false, minLength: MIN_BYTES, periodicFlush: FLUSH_MS });
}
