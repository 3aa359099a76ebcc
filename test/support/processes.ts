import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const BIN = join(import.meta.dirname, '../../bin/millrace.js');

const started = new Set<ChildProcess>();

/** Ends whatever a test started and did not end itself; call it in `afterEach` or `afterAll`. */
export async function endAll(): Promise<void> {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
  started.clear();
}

/** A process of the test's own, with its output collected. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exit: Promise<number | string>;
}

export function start(program: string, args: readonly string[], options: SpawnOptions = {}): Started {
  const running = startUntracked(program, args, options);
  started.add(running.child);
  return running;
}

/** Starts a process that `endAll` leaves alone. */
export function startUntracked(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Started {
  const child = spawn(program, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.on('error', () => {}); // a program may end before it has read all
  const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, pid: child.pid ?? 0, stdout: () => stdout, stderr: () => stderr, exit };
}

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { input?: string } = {},
): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const { input, ...rest } = options;
  const running = start(program, args, rest);
  running.child.stdin?.end(input ?? '');
  const code = await running.exit;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}

/** Asks until the answer is there; fails with what was seen last. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ids of the living processes whose command line has this text; zombies are dead. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        if (/^State:\s+Z/m.test(readFileSync(`/proc/${name}/status`, 'utf8'))) return false;
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // it ended while we looked
      }
    })
    .map(Number);
}
