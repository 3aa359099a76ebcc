import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe } from 'vitest';
import type { ProgramEnd, ProgramRunner, ProgramStart } from '../../../src/worker/spawner/program-runner.ts';
import { processIds } from '../../../src/worker/spawner/process-table.ts';
import { type SpawnerOptions, startSpawner } from '../../../src/worker/spawner/start-spawner.ts';
import { buildStarter, type FoundStarter } from '../../../src/worker/spawner/starter/find-starter.ts';

export const FIXTURES = join(import.meta.dirname, '../../fixtures/programs');
export const ENV = { PATH: process.env['PATH'] ?? '' };

const built = await buildStarter(undefined);

/** How programs can be started here: `[name, starter]`, for `describe.each`; a way that cannot be had says so by its name. */
export const WAYS: [string, FoundStarter | undefined][] = [
  ['by the starter', 'path' in built ? built : undefined],
  ['by Node', { why: 'a test of it' }],
];

let starter: FoundStarter = built;

/** Runs all tests of a file once for each way to start programs. */
export function eachWay(tests: () => void): void {
  for (const [name, way] of WAYS) {
    describe.skipIf(way === undefined)(way ? name : `${name} (${'why' in built && built.why})`, () => {
      beforeEach(() => void (starter = way ?? built));
      tests();
    });
  }
}

/** For processes that a test starts: has them start programs in the way of that test. */
export function starterEnv(): NodeJS.ProcessEnv {
  return { ...process.env, MILLRACE_STARTER: 'path' in starter ? undefined : 'none' };
}

const runners = new Set<ProgramRunner>();
const folders = new Set<string>();

/** A folder that goes when the test ends; other users may pass through it. */
export function tempDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-spawner-test-'));
  folders.add(folder);
  return folder;
}

/** A spawner for one test, in a scratch folder of its own. */
export async function useRunner(
  options: Partial<SpawnerOptions> = {},
): Promise<{ runner: ProgramRunner; scratchDir: string }> {
  const scratchDir = options.scratchDir ?? tempDir();
  const runner = await startSpawner({ starter, ...options, scratchDir });
  runners.add(runner);
  return { runner, scratchDir };
}

/** For `afterEach`: closes the spawners, and removes the folders, of a test that passed or failed. */
export async function endRunners(): Promise<void> {
  await Promise.all([...runners].map((runner) => runner.close()));
  runners.clear();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** Runs a shell command to its end. */
export function runCommand(
  runner: ProgramRunner,
  command: string,
  more: Partial<ProgramStart> = {},
): Promise<ProgramEnd> {
  return runner.run({ runId: 'test', program: { command }, env: ENV, ...more }).done;
}

/** Whether a process lives; a zombie is dead. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The starter that a spawner uses. */
export function starterOf(spawnerPid: number): number {
  const pid = (processIds() ?? []).find((id) => {
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      return /^Name:\s+starter-/m.test(status) && status.includes(`PPid:\t${spawnerPid}\n`);
    } catch {
      return false; // it ended while it was looked at
    }
  });
  if (pid === undefined) throw new Error(`expected a starter of ${spawnerPid}`);
  return Number(pid);
}

/** A figure of /proc/PID/status in MB, such as VmHWM, the most memory that it ever had. */
export function memoryMb(pid: number, figure: 'VmHWM' | 'VmRSS'): number {
  const kb = new RegExp(`${figure}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

/** The numbers in a file, once they are all there; a program writes its process ids so. */
export function readPids(path: string, count: number): number[] | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const pids = text.trim().split(/\s+/).map(Number);
    return text.endsWith('\n') && pids.length === count ? pids : undefined;
  } catch {
    return undefined;
  }
}

/** The private folders of runs that exist under a scratch folder now. */
export function runFolders(scratchDir: string): string[] {
  return readdirSync(scratchDir).flatMap((spawner) =>
    readdirSync(join(scratchDir, spawner)).filter((name) => name !== 'pipes' && !name.startsWith('spare-')),
  );
}
