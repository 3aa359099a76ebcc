/**
 * Runs a program, with all that it starts, no longer than its own parent lives, and removes its folder then: the
 * leash is STDIN, which the kernel closes however the parent ends.
 * `leashed-main.ts GRACE_SECONDS FOLDER PROGRAM [ARGUMENT…]`
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import process from 'node:process';

const [grace = '10', folder = '', program = '', ...args] = process.argv.slice(2);
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

/** A container engine leaves mounts in its folder. */
function removeFolder(): void {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  for (const mount of mounts.map((line) => line.split(' ')[1] ?? '').reverse()) {
    if (mount.startsWith(`${folder}/`)) spawnSync('umount', [mount]);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

child.on('error', (error) => {
  process.stderr.write(`${program} cannot be started: ${error.message}\n`);
  removeFolder();
  process.exit(127);
});
child.on('exit', (code) => {
  signalGroup('SIGKILL');
  removeFolder();
  process.exit(code ?? 1);
});
process.stdin.on('end', stop).on('error', stop).resume();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
