import type { Command } from 'commander';
import { MAX_MAX_ATTEMPTS, MAX_SCHEDULED_DELAY_SECONDS, MAX_TIMEOUT_SECONDS } from '../core/limits.ts';
import type { TaskSpec } from '../core/task-spec.ts';
import { numberBetween } from './parse-options.ts';

/** What may be said of a task whatever it runs. */
export interface TaskSettingOptions {
  readonly timeout?: number;
  readonly maxAttempts?: number;
  readonly delay?: number;
  readonly tenant?: string;
  readonly idempotencyKey?: string;
}

/** Adds the options of TaskSettingOptions, and the key under which a task is made once, to a command. */
export function withTaskSettings(command: Command): Command {
  return command
    .option(
      '--timeout <seconds>',
      'kill an attempt after this',
      numberBetween(0.001, MAX_TIMEOUT_SECONDS, false),
    )
    .option('--max-attempts <n>', 'FAILED after so many', numberBetween(1, MAX_MAX_ATTEMPTS, true))
    .option(
      '--delay <seconds>',
      'start no sooner, within a year',
      numberBetween(0, MAX_SCHEDULED_DELAY_SECONDS, false),
    )
    .option('--tenant <name>', 'fair-queue key: the backlog of one tenant does not delay the others')
    .option('--idempotency-key <key>', 'the same key and content make one task, however often they are sent');
}

export function taskSettings(
  options: TaskSettingOptions,
): Pick<TaskSpec, 'timeoutSeconds' | 'maxAttempts' | 'delaySeconds' | 'tenant'> {
  return {
    ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
    ...(options.maxAttempts !== undefined && { maxAttempts: options.maxAttempts }),
    ...(options.delay !== undefined && { delaySeconds: options.delay }),
    ...(options.tenant !== undefined && { tenant: options.tenant }),
  };
}
