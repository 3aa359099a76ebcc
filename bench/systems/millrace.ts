import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TaskView } from '../../src/core/task-view.ts';
import { cleanEnv, LocalStack } from '../../test/support/local-stack.ts';
import { run } from '../../test/support/processes.ts';
import type { Kind, Task } from '../workload.ts';
import { startMillraceWorker, STATEMENTS, type RowTimes } from './millrace-worker.ts';
import type { Session, System } from './system.ts';

const PRODUCER = join(import.meta.dirname, 'millrace-producer.ts');

/** Millrace on a durable local stack: `kill -9` at any moment loses nothing. */
export const millrace = makeMillrace(process.env[STATEMENTS]);

/** @param statements that its worker is told to use; undefined: it looks what there is */
export function makeMillrace(statements: string | undefined): System {
  return { name: 'millrace', kinds: ['command', 'handler'], open: () => openSession(statements) };
}

async function openSession(statements: string | undefined): Promise<Session> {
  const stack = await LocalStack.start();
  const home = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const produce = async <T>(how: string, kind: Kind, payloads: readonly string[], periodMs = 0) => {
    const file = join(home, 'payloads');
    await writeFile(file, `${payloads.join('\n')}\n`);
    const env = { ...cleanEnv(stack.data), MILLRACE_API_URL: stack.ready.api };
    const args = [PRODUCER, how, kind, file, String(periodMs)];
    const { code, stdout, stderr } = await run(process.execPath, args, { cwd: stack.home, env });
    if (code !== 0) throw new Error(`Millrace’s producer exited ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  return {
    enqueue: async (kind, tasks) => {
      const { ms } = await produce<{ ms: number }>('bulk', kind, payloadsOf(kind, tasks));
      return ms;
    },
    trickle: async (commands, periodMs) => {
      const { calledAt } = await produce<{ calledAt: number[] }>('trickle', 'command', commands, periodMs);
      return calledAt;
    },
    startWorker: async (_kind, slots, _tasks, until) =>
      startMillraceWorker({
        cwd: stack.home,
        env: {
          ...cleanEnv(stack.data),
          ...(statements !== undefined && { [STATEMENTS]: statements }),
        },
        slots,
        until,
        readRows: () => readRows(stack),
      }),
    close: async () => {
      await stack.remove();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The peers are given the same. */
export function payloadsOf(kind: Kind, tasks: readonly Task[]): string[] {
  return tasks.map(({ command, ms }) => (kind === 'command' ? command : String(ms)));
}

/** Those of the programs: what came before and after, claim and record, is not in them. */
async function readRows(stack: LocalStack): Promise<RowTimes> {
  const [starts, ends]: [number[], number[]] = [[], []];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '1000', ...(cursor !== undefined && { cursor }) });
    const answer = await stack.fetch(`/v1/queues/default/tasks?${query.toString()}`);
    const page = (await answer.json()) as { tasks: TaskView[]; cursor?: string };
    for (const { startedAt, endedAt } of page.tasks) {
      if (startedAt !== undefined) starts.push(Date.parse(startedAt));
      if (endedAt !== undefined) ends.push(Date.parse(endedAt));
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { starts, ends };
}
