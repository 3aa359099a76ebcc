import type { TaskRow } from '../core/task-row.ts';

/** Names of the worker's own environment that programs may see; everything else stays with the worker. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'] as const;

/** What of a process's environment its programs may see. */
export function allowedEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const allowed: Record<string, string> = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };
  for (const name of PASSED_ON) {
    const value = env[name];
    if (value !== undefined && value !== '') allowed[name] = value;
  }
  return allowed;
}

/** The environment of one attempt; what Millrace sets goes before what the task asks for. */
export function programEnv(
  base: Readonly<Record<string, string>>,
  row: TaskRow,
  taskEnv: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  return {
    ...base,
    ...taskEnv,
    MILLRACE_TASK_ID: row.id,
    MILLRACE_QUEUE: row.queue,
    MILLRACE_ATTEMPT: String(row.attempt),
  };
}
