import { toArgv, toProgramEnv, type RunFolder } from '../run-folder.ts';
import type { StartRequest } from '../protocol.ts';

/** What the starter is asked for; see starter.c, which has the same numbers. */
export const Ask = { start: 1, signal: 2, pause: 3, resume: 4, stop: 5 } as const;

/** What it tells. */
export const Tell = {
  ready: 10,
  started: 11,
  failed: 12,
  stdout: 13,
  stderr: 14,
  closed: 15,
  exited: 16,
  untidy: 17,
} as const;

/** Of `failed`: what could not be made. */
export const STAGE_FOLDER = 0;

/** Of `exited`. */
export const Flag = { groupGone: 1, stdoutClosed: 2, stderrClosed: 4, terminated: 8, tidied: 16 } as const;

/**
 * The body of a start: numbers of arguments, of variables, of bytes of input; then folder, arguments and variables, each
 * ended by a NUL; then the input.
 * @throws for what no process can be given, with the code that Node's `spawn` has for it
 */
export function toStartBody(start: StartRequest, folder: RunFolder): Buffer {
  const argv = toArgv(start.program);
  if (!argv[0]) throw invalid('an empty name');
  const env = toProgramEnv(start.env, folder);
  let strings = `${folder.path}\0`;
  for (const argument of argv) strings += `${argument}\0`;
  let variables = 0;
  for (const name in env) {
    strings += `${name}=${env[name]!}\0`;
    variables += 1;
  }
  assertNuls(strings, 1 + argv.length + variables);
  const inputBytes = start.input === undefined ? 0 : Buffer.byteLength(start.input);
  const stringBytes = Buffer.byteLength(strings);
  const body = Buffer.allocUnsafe(12 + stringBytes + inputBytes);
  body.writeUInt32BE(argv.length, 0);
  body.writeUInt32BE(variables, 4);
  body.writeUInt32BE(inputBytes, 8);
  body.write(strings, 12);
  if (inputBytes > 0) body.write(start.input!, 12 + stringBytes);
  return body;
}

/** One NUL ends each string, and there is no other. */
function assertNuls(strings: string, expected: number): void {
  let found = 0;
  for (let at = strings.indexOf('\0'); at !== -1; at = strings.indexOf('\0', at + 1)) found += 1;
  if (found !== expected) throw invalid('a NUL byte');
}

function invalid(what: string): Error {
  return Object.assign(new TypeError(`expected arguments and environment of a program, got ${what}`), {
    code: 'ERR_INVALID_ARG_VALUE',
  });
}
