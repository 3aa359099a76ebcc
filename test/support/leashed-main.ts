/**
 * Runs a program, with all that it starts, no longer than its own parent lives: the leash is STDIN, which the
 * kernel closes however the parent ends. `leashed-main.ts GRACE_SECONDS PROGRAM [ARGUMENT…]`
 */
import { spawn } from 'node:child_process';
import process from 'node:process';

const [grace = '10', program = '', ...args] = process.argv.slice(2);
// A group of its own: a server's children (functions, containers' shims) must not stay behind.
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });

function signalGroup(signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody is left in it
  }
}

let isStopping = false;
function stop(): void {
  if (isStopping) return;
  isStopping = true;
  // The server itself goes first, in order; what it leaves behind is killed at its exit.
  child.kill('SIGTERM');
  setTimeout(() => signalGroup('SIGKILL'), Number(grace) * 1000).unref();
}

child.on('error', (error) => {
  process.stderr.write(`${program} cannot be started: ${error.message}\n`);
  process.exitCode = 127;
});
child.on('exit', (code) => {
  signalGroup('SIGKILL');
  process.exit(code ?? 1);
});
process.stdin.on('end', stop).on('error', stop).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
