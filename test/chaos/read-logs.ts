import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { WorkerLife } from './worker-pool.ts';

/** What the workers' logs say, as far as they were written before a worker was killed. */
export interface Logged {
  /** Attempts that their worker gave up, by `ID ATTEMPT`, and why. */
  readonly givenUp: ReadonlyMap<string, string>;
  /** How often an end of a task was recorded. */
  readonly ends: ReadonlyMap<string, number>;
}

const GIVEN_UP = /^(the lease was lost|could not record the end|could not hand a task back)/;

interface Line {
  readonly taskId?: string;
  readonly attempt?: number;
  readonly stream?: string;
  readonly msg?: string;
}

export async function readLogs(lives: readonly WorkerLife[]): Promise<Logged> {
  const givenUp = new Map<string, string>();
  const ends = new Map<string, number>();
  for (const { log } of lives) {
    for await (const text of createInterface({ input: createReadStream(log) })) {
      // Most lines are what programs have printed.
      if (!text.includes('"taskId"') || text.includes('"stream"')) continue;
      const { taskId, attempt, msg = '' } = parseLine(text);
      if (taskId === undefined) continue;
      if (GIVEN_UP.test(msg)) givenUp.set(`${taskId} ${attempt}`, msg);
      if (/^task (SUCCEEDED|FAILED|CANCELLED)/.test(msg)) ends.set(taskId, (ends.get(taskId) ?? 0) + 1);
    }
  }
  return { givenUp, ends };
}

/** The last line of a killed worker may be half a line. */
function parseLine(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}
