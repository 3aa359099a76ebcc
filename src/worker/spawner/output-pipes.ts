import { spawnSync } from 'node:child_process';
import { chownSync, closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunAs } from './protocol.ts';

/** Named pipes are made so many at a time: one costs a process (2 ms) as sixteen do. */
const BATCH = 16;

/** Both ends of a pipe for what a program prints. The program gets `writeFd`; the caller closes both. */
export interface OutputPipe {
  path: string;
  readFd: number;
  writeFd: number;
}

/**
 * Real pipes for STDOUT and STDERR. Node has none to give: its `pipe` is a socket, and Linux refuses to
 * open a socket again, so `echo failed > /dev/stderr` or `tee /dev/stdout` would fail in every program.
 * Named pipes can be had from `mkfifo`, are as fast (measured: 1,130 starts/s either way), and serve
 * again once their last writer is gone.
 */
export class OutputPipes {
  readonly #folder: string;
  readonly #owner: RunAs | undefined;
  #free: string[] = [];
  #made = 0;

  constructor(folder: string, owner?: RunAs) {
    this.#folder = folder;
    this.#owner = owner;
    this.restore();
  }

  /** Makes the folder and the first pipes (again). */
  restore(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#free = [];
    this.#makeBatch();
  }

  /** @throws ENOENT if the folder was removed; EMFILE… */
  open(): OutputPipe {
    if (this.#free.length === 0) this.#makeBatch();
    const path = this.#free.pop()!;
    // The reader first and without blocking, or each `open` would wait for the other.
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return { path, readFd, writeFd: openSync(path, constants.O_WRONLY) };
    } catch (error) {
      closeSync(readFd);
      throw error;
    }
  }

  /** Takes a pipe back after use; one that some process still holds (no end was read) is not used again. */
  giveBack(path: string, endWasRead: boolean): void {
    if (endWasRead) this.#free.push(path);
    else rmSync(path, { force: true });
  }

  #makeBatch(): void {
    const paths = Array.from({ length: BATCH }, () => join(this.#folder, String(this.#made++)));
    const { error, status, stderr } = spawnSync('mkfifo', ['-m', '600', ...paths], { encoding: 'utf8' });
    if (error) throw error;
    if (status !== 0) {
      throw Object.assign(new Error(`mkfifo failed: ${stderr.trim()}`), {
        code: /No such file/.test(stderr) ? 'ENOENT' : 'EIO',
      });
    }
    // Opening `/dev/stderr` again asks for the rights on the pipe itself.
    if (this.#owner) for (const path of paths) chownSync(path, this.#owner.uid, this.#owner.gid);
    this.#free.push(...paths);
  }
}
