import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import type { CliContext } from '../../src/cli/context.ts';

/** A context whose output a test can read. It is no terminal. */
export function fakeContext(argv: readonly string[] = []) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let exitCode = 0;
  const context: CliContext = {
    argv,
    env: {},
    cwd: '/nowhere',
    version: '1.2.3',
    nodeVersion: '24.0.0',
    commandLine: { program: 'node', args: ['millrace.js'] },
    stdin: stdin as unknown as ReadStream,
    stdout: stdout as unknown as WriteStream,
    stderr: stderr as unknown as WriteStream,
    interrupt: () => new AbortController().signal,
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  const read = (stream: PassThrough) => (stream.read() as Buffer | null)?.toString() ?? '';
  return { context, stdout: () => read(stdout), stderr: () => read(stderr), exitCode: () => exitCode };
}
