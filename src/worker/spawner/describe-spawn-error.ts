import type { ProgramStart } from './program-runner.ts';

const REASONS: Record<string, string> = {
  ENOENT:
    'was not found, or the interpreter that its first line names was not: check the path, and PATH in env',
  EACCES: 'may not be executed: check that it is a file with the x permission, and its folders',
  E2BIG:
    'has arguments or an environment larger than the kernel takes (128 KiB for one string): pass long text as input',
  ENOEXEC: 'is not a program for this machine',
  ENOTDIR: 'was not found: a part of its path is a file',
  ELOOP: 'was not found: its path is a loop of symbolic links',
  EPERM: 'may not be executed as that user',
  EAGAIN: 'could not be started: no process is to be had (limit of the user or the container)',
  ENOMEM: 'could not be started: the machine has no memory left',
  EMFILE: 'could not be started: too many files are open in the spawner',
  ENFILE: 'could not be started: too many files are open on the machine',
  ENOSPC: 'could not be started: the disk that holds its working directory is full',
  EROFS: 'could not be started: the folder for its working directory is read-only',
};

/** Says why a program could not be started, with the system's code for those who look for it. */
export function describeSpawnError(program: ProgramStart['program'], error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const name = 'command' in program ? '/bin/sh -c' : JSON.stringify(shorten(program.argv[0] ?? ''));
  const reason = code === undefined ? undefined : REASONS[code];
  if (reason !== undefined) return `${name} ${reason} (${code})`;
  // Node refuses these itself, with the whole value in its message.
  if (code?.startsWith('ERR_INVALID_ARG')) {
    return `${name} could not be started: an argument or the environment holds a NUL byte, or the name is empty (${code})`;
  }
  return `${name} could not be started: ${shorten(message)}`;
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
