import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One attempt as its own process tells of it: see task-program.ts. */
export interface Attempt {
  readonly number: number;
  readonly pid: number;
  /** The worker's pid; 0 or 1 when the spawner was dead by then. */
  readonly worker: number;
  /** Seconds since boot. */
  readonly startedAt: number;
  /** Absent: it was interrupted. */
  readonly exit?: number;
}

export interface Diary {
  readonly attempts: readonly Attempt[];
  /** What else was alive when an attempt started. */
  readonly overlaps: readonly string[];
}

/** What all tasks have written, by task id. */
export async function readDiaries(folder: string): Promise<Map<string, Diary>> {
  const diaries = new Map<string, Diary>();
  for (const id of await readdir(folder)) {
    diaries.set(id, parseDiary(await readFile(join(folder, id), 'utf8')));
  }
  return diaries;
}

export function parseDiary(text: string): Diary {
  const attempts: Attempt[] = [];
  const overlaps: string[] = [];
  for (const line of text.split('\n')) {
    const [event, number, ...words] = line.split(' ');
    if (event === 'start') {
      const [pid, , worker, startedAt] = words.map(Number);
      attempts.push({
        number: Number(number),
        pid: pid ?? 0,
        worker: worker ?? 0,
        startedAt: startedAt ?? 0,
      });
    } else if (event === 'end') {
      const [pid, exit] = words.map(Number);
      const at = attempts.findLastIndex(
        (attempt) => attempt.pid === pid && attempt.number === Number(number),
      );
      const started = attempts[at];
      if (started) attempts[at] = { ...started, exit: exit ?? -1 };
    } else if (event === 'overlap') {
      overlaps.push(`attempt ${number} started while attempt ${words[0]} was alive (process ${words[1]})`);
    }
  }
  return { attempts, overlaps };
}
