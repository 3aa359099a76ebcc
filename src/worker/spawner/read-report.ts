import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import type { EndReport, ProgressReport } from './protocol.ts';

/** A line may be partly written, and the file huge: the last lines are in here. */
const PROGRESS_WINDOW_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 200;

/** What the program wrote to MILLRACE_RESULT; nothing if there is no such file. */
export function readResult(
  path: string,
  maxBytes: number,
  ownerUid?: number,
): Pick<EndReport, 'resultText' | 'resultError'> {
  try {
    const fd = openReport(path, ownerUid);
    if (fd === undefined) return {};
    try {
      const { size } = fstatSync(fd);
      // Read with one byte to spare: a process that left the group may still be writing.
      const bytes = size > maxBytes ? undefined : readAt(fd, maxBytes + 1, 0);
      if (bytes === undefined || bytes.length > maxBytes) {
        return { resultError: `MILLRACE_RESULT: expected at most ${maxBytes} bytes, got ${size}` };
      }
      if (!isUtf8(bytes))
        return { resultError: 'MILLRACE_RESULT: expected JSON, got bytes that are not UTF-8' };
      return { resultText: bytes.toString('utf8') };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { resultError: `MILLRACE_RESULT: ${(error as Error).message}` };
  }
}

/** The last valid line of MILLRACE_PROGRESS: a number of percent and, if it likes, a message. */
export function readProgress(path: string, ownerUid?: number): ProgressReport | undefined {
  try {
    const fd = openReport(path, ownerUid);
    if (fd === undefined) return undefined;
    try {
      const from = Math.max(0, fstatSync(fd).size - PROGRESS_WINDOW_BYTES);
      const lines = readAt(fd, PROGRESS_WINDOW_BYTES, from).toString('utf8').split('\n');
      if (from > 0) lines.shift();
      return lines
        .reverse()
        .map(toProgress)
        .find((progress) => progress !== undefined);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined; // not a file that can be read: no progress is known, and the program goes on
  }
}

function toProgress(line: string): ProgressReport | undefined {
  const match = /^\s*(\d{1,3}(?:\.\d+)?)%?(?:\s+(.*?))?\s*$/.exec(line);
  if (!match) return undefined;
  const percent = Number(match[1]);
  if (percent > 100) return undefined;
  return { percent, message: [...(match[2] ?? '')].slice(0, MAX_MESSAGE_LENGTH).join('') };
}

/**
 * Opens a file that a program may have replaced by anything: no link is followed (it could lead to a file
 * that only the spawner may read), no fifo waited for. Undefined: it does not exist.
 * @throws for what is no regular file, or not the program's own
 */
function openReport(path: string, ownerUid?: number): number | undefined {
  // Most programs report nothing, and an exception costs more than this look.
  if (!lstatSync(path, { throwIfNoEntry: false })) return undefined;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new Error('expected a regular file, got a symbolic link', { cause: error });
    throw error;
  }
  const stat = fstatSync(fd);
  const complaint = !stat.isFile()
    ? 'expected a regular file, got something else'
    : ownerUid !== undefined && stat.uid !== ownerUid
      ? 'expected a file of the user that the program runs as'
      : undefined;
  if (complaint === undefined) return fd;
  closeSync(fd);
  throw new Error(complaint);
}

function readAt(fd: number, maxBytes: number, from: number): Buffer {
  const bytes = Buffer.allocUnsafe(maxBytes);
  let length = 0;
  for (;;) {
    const read = readSync(fd, bytes, length, maxBytes - length, from + length);
    length += read;
    if (read === 0 || length === maxBytes) return bytes.subarray(0, length);
  }
}
