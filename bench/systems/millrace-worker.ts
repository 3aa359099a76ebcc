import { join } from 'node:path';
import process from 'node:process';
import { BIN, start, type Started } from '../../test/support/processes.ts';
import { startAfter } from '../figures.ts';
import type { CallCount } from '../../src/aws/call-ledger.ts';
import type { Worker } from './system.ts';

const ENDED = 'task SUCCEEDED';

/** Handlers of the bench's own. */
export const TASKS_DIR = join(import.meta.dirname, '../tasks');

/** The switch between single writes and batched statements; unset, the worker looks what there is. */
export const STATEMENTS = 'MILLRACE_STATEMENTS';

interface WorkerOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly slots: number;
  readonly until: 'empty' | 'stopped';
  /** When its attempts started and ended by their rows, in ms since 1970: its log tells ends once they are recorded. */
  readonly readRows: () => Promise<RowTimes>;
}

export interface RowTimes {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A worker as a user starts it. Its log tells when each task had ended and that was recorded. */
export function startMillraceWorker({ cwd, env, slots, until, readRows }: WorkerOptions): Worker {
  const mode = until === 'empty' ? 'until-empty' : 'forever';
  const args = ['work', 'default', mode, '--slots', String(slots), '--tasks', TASKS_DIR];
  const running = start(process.execPath, [BIN, ...args], { cwd, env });
  let [done, rest] = [0, ''];
  running.child.stdout?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.includes(ENDED)) done += 1;
  });
  return {
    pids: [running.pid],
    ended: () => endOf(running),
    done: () => done,
    times: async () => {
      let reading: Promise<RowTimes> | undefined;
      const rows = (): Promise<RowTimes> => (reading ??= readRows());
      return {
        firstStart: async (after) => startAfter((await rows()).starts, after),
        lastEnd: async () => Math.max(...(await rows()).ends),
        ends: endsIn(running.stdout()),
      };
    },
    stop: async () => {
      running.child.kill('SIGTERM');
      await running.exit;
    },
    calls: async () => {
      await running.exit;
      return callsIn(running);
    },
  };
}

/** Its last line counts them. */
function callsIn(running: Started): Readonly<Record<string, CallCount>> {
  const line = running
    .stdout()
    .split('\n')
    .findLast((text) => text.includes('"worker ended"'));
  if (line === undefined) throw new Error(`the worker did not come to its end: ${endOf(running)}`);
  return (JSON.parse(line) as { calls: Record<string, CallCount> }).calls;
}

function endOf(running: Started): string | undefined {
  const { child } = running;
  if (child.exitCode === null && child.signalCode === null) return undefined;
  return `${child.exitCode ?? child.signalCode} ${running.stderr().slice(-500)}`;
}

function endsIn(log: string): number[] {
  return log
    .split('\n')
    .filter((line) => line.includes(ENDED))
    .map((line) => (JSON.parse(line) as { time: number }).time);
}
