import { parseArgs } from 'node:util';
import { DEFAULT_DEPLOYED_SLOTS, type QueueDefinition } from '../src/core/queue-definition.ts';
import type { WorkerMode } from '../src/worker/worker-settings.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What this container was started for. */
export interface ContainerSettings {
  readonly queue: string;
  readonly mode: WorkerMode;
  readonly slots: number | undefined;
  readonly idleExitMs: number | undefined;
}

const MODES = ['once', 'until-empty', 'forever'] as const satisfies WorkerMode[];
const USAGE = 'worker QUEUE once|until-empty|forever [--slots N] [--idle-exit SECONDS]';

/** The command line of the container, then its environment. @throws Error that says what was expected */
export function parseSettings(argv: readonly string[], env: Env): ContainerSettings {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { slots: { type: 'string' }, 'idle-exit': { type: 'string' } },
    allowPositionals: true,
  });
  const words = positionals[0] === 'worker' ? positionals.slice(1) : positionals;
  const [queue = env['MILLRACE_QUEUE'], mode = env['MILLRACE_MODE'] ?? 'until-empty', ...rest] = words;
  if (!queue) throw new Error(`expected a queue: ${USAGE}, or MILLRACE_QUEUE`);
  if (!isMode(mode)) throw new Error(`expected a mode: ${USAGE}; got ${mode}`);
  if (rest.length > 0) throw new Error(`expected ${USAGE}; got ${rest.join(' ')} besides`);
  const slots = wholeNumber('--slots', values.slots ?? env['MILLRACE_SLOTS'], 1);
  const idleExit = wholeNumber('--idle-exit', values['idle-exit'], 0);
  return { queue, mode, slots, idleExitMs: idleExit === undefined ? undefined : idleExit * 1000 };
}

/** Command line and environment go before the queue's definition. */
export function slotsOf({ slots }: ContainerSettings, definition: QueueDefinition): number {
  return slots ?? definition.slots ?? DEFAULT_DEPLOYED_SLOTS;
}

/**
 * The name of this worker in rows, reports and logs: in ECS the id of its task, so that its log and its row find
 * each other.
 * @param otherwise where there is no ECS
 */
export function workerName(env: Env, otherwise: string): string {
  return /\/v4\/([0-9a-f]{32})-/.exec(env['ECS_CONTAINER_METADATA_URI_V4'] ?? '')?.[1] ?? otherwise;
}

function isMode(text: string): text is WorkerMode {
  return (MODES as readonly string[]).includes(text);
}

function wholeNumber(what: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (/^\d{1,6}$/.test(text) && value >= min) return value;
  throw new Error(`${what}: expected a whole number from ${min}, got ${text}`);
}
