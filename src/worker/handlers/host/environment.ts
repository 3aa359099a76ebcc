import process from 'node:process';
import type { CallBody } from '../host-messages.ts';

/** The environment of the calls of a process: each gets what it was given, whatever the one before has made of it. */
export class Environment {
  /** Of the process, with what modules of handlers have set while they were loaded, and what came with calls. */
  readonly #variables: Record<string, string | undefined> = { ...process.env };
  #given: readonly string[] = [];

  set({ env, taskId, queue, attempt }: CallBody): void {
    const variables = this.#variables;
    if (env) {
      for (const name of this.#given) if (!Object.hasOwn(env, name)) delete variables[name];
      Object.assign(variables, env);
      this.#given = Object.keys(env);
    }
    variables['MILLRACE_TASK_ID'] = taskId;
    variables['MILLRACE_QUEUE'] = queue;
    variables['MILLRACE_ATTEMPT'] = String(attempt);
    for (const name of Object.keys(process.env))
      if (!Object.hasOwn(variables, name)) delete process.env[name];
    for (const [name, value] of Object.entries(variables))
      if (process.env[name] !== value) process.env[name] = value;
  }
}
