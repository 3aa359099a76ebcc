import type { ReadStream, WriteStream } from 'node:tty';

/** What a command may use of the process it runs in; made by millrace-main.ts, the only file that knows it. */
export interface CliContext {
  /** The arguments, as they were typed. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  /** Of Node.js, as in `24.1.0`. */
  readonly nodeVersion: string;
  /** How this process was started: the program and the arguments before its own. */
  readonly commandLine: { readonly program: string; readonly args: readonly string[] };
  readonly stdin: ReadStream;
  /** Data: what a pipe is to get. */
  readonly stdout: WriteStream;
  /** Everything said to a person. */
  readonly stderr: WriteStream;
  /** Aborted by Ctrl-C and SIGTERM from the first call on; a second signal ends the process at once. */
  interrupt(): AbortSignal;
  setExitCode(code: number): void;
}

/** The reason of the interrupt signal: with which code the process is to exit. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = signal === 'SIGINT' ? 130 : 143; // 128 + the signal's number, as shells have it
  }
}
