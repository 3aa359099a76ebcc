import { chownSync, closeSync, fchownSync, mkdirSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunAs, StartRequest } from './protocol.ts';

export const RESULT_VARIABLE = 'MILLRACE_RESULT';
export const PROGRESS_VARIABLE = 'MILLRACE_PROGRESS';

/** The private folder of one run (0700): its working directory, and beside it what it reports through. */
export interface RunFolder {
  path: string;
  work: string;
  result: string;
  progress: string;
}

/** The folder of a run by its name, made or not. */
export function toRunFolder(root: string, name: string): RunFolder {
  const path = join(root, name);
  return { path, work: join(path, 'work'), result: join(path, 'result'), progress: join(path, 'progress') };
}

/** Makes the folder of a run. @throws whatever the file system says (ENOENT: `root` is gone; ENOSPC…) */
export function makeRunFolder(root: string, name: string, owner?: RunAs): RunFolder {
  const folder = toRunFolder(root, name);
  mkdirSync(folder.path, { mode: 0o700 });
  mkdirSync(folder.work, { mode: 0o700 });
  if (owner) {
    chownSync(folder.work, owner.uid, owner.gid);
    chownSync(folder.path, owner.uid, owner.gid);
  }
  return folder;
}

/** A file name that says which run it is of, whatever characters the run's id has. */
export function toFolderName(sequence: number, runId: string): string {
  return `${sequence}-${runId.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)}`;
}

/** What is executed: `command` goes to the shell. */
export function toArgv(program: StartRequest['program']): readonly string[] {
  return 'command' in program ? ['/bin/sh', '-c', program.command] : program.argv;
}

/** The environment as given, and what each program is promised. */
export function toProgramEnv(
  env: Readonly<Record<string, string>>,
  folder: RunFolder,
): Record<string, string> {
  return {
    HOME: folder.work,
    PWD: folder.work,
    TMPDIR: folder.work,
    ...env,
    [RESULT_VARIABLE]: folder.result,
    [PROGRESS_VARIABLE]: folder.progress,
  };
}

/**
 * Opens the program's STDIN: a file without a name, not Node's pipe. Node's pipes are sockets, which
 * Linux does not open again as `/dev/stdin`; and a file needs nobody to write it while the program reads,
 * or does not. The caller closes the descriptor.
 */
export function openInput(folder: RunFolder, input: string, owner?: RunAs): number {
  const path = join(folder.path, 'input');
  const to = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(to, input);
    // By its name, another program of the owner could have put another file there, to be read and given away by us.
    const fd = openSync(owner ? `/proc/self/fd/${to}` : path, 'r');
    try {
      unlinkSync(path);
      if (owner) fchownSync(fd, owner.uid, owner.gid);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  } finally {
    closeSync(to);
  }
}
