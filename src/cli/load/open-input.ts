import { open, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { MillraceError } from '../../core/errors.ts';
import type { CliContext } from '../context.ts';

/** What is loaded. */
export interface LoadInput {
  /** Set for a regular file, of which exactly so many bytes are read. */
  readonly file: InputFile | undefined;
  /**
   * The bytes from this place on; a buffer holds them until the next is asked for. Aborting the signal ends them with
   * an error.
   */
  read(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Whether the file is another than at the beginning. */
  hasChanged(): Promise<boolean>;
  close(): Promise<void>;
}

export interface InputFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

const READ_BYTES = 256 * 1024;

/** Opens a file, or STDIN for `-`; pipes and devices are read to their end, as STDIN is. */
export async function openInput(context: CliContext, name: string): Promise<LoadInput> {
  if (name === '-') return streamInput(context.stdin);
  const path = resolve(context.cwd, name);
  const handle = await open(path);
  const before = await handle.stat();
  if (before.isDirectory()) {
    await handle.close();
    throw new MillraceError('invalid_request', `${path} is a folder.`, {
      expected: 'a file, or - for STDIN',
      got: 'a folder',
      hint: `To load all files in it: cat ${name}/* | millrace load QUEUE -`,
    });
  }
  const close = () => handle.close();
  if (!before.isFile()) {
    return { ...streamInput(handle.createReadStream({ autoClose: false })), close };
  }
  const { size, mtimeMs } = before;
  return {
    file: { path, size, mtimeMs },
    read: (offset, signal) => readBetween(handle, offset, size, signal),
    hasChanged: async () => {
      const after = await handle.stat();
      return after.size !== size || after.mtimeMs !== mtimeMs;
    },
    close,
  };
}

/** Into one buffer: a new one for each read would stay until the next full collection. */
async function* readBetween(
  handle: FileHandle,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  for (let at = from; at < to;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, to - at), at);
    if (bytesRead === 0) return; // it was cut off meanwhile
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function streamInput(stream: Readable): LoadInput {
  return {
    file: undefined,
    read: (_offset, signal) => addAbortSignal(signal, stream),
    hasChanged: async () => false,
    close: async () => undefined,
  };
}
