import { Dice } from '../sim/random.ts';
import type { ChaosOptions } from './options.ts';
import { planFaults, type Fault } from './plan-faults.ts';
import { drawDoing, type Doing } from './task-kinds.ts';

export interface PlannedTask extends Doing {
  /** Unique in a run. */
  readonly tag: string;
}

/** A file that is loaded as a batch. */
export interface PlannedLoad {
  readonly name: string;
  readonly atMs: number;
  /** Under an id of its own (`--batch`), so that sending it again is all that a resume is; else by the loader's record. */
  readonly isNamed: boolean;
  readonly tasks: readonly PlannedTask[];
}

export interface PlannedSingle {
  readonly atMs: number;
  readonly task: PlannedTask;
  /** Once more under the same key: with the same content, or with another. */
  readonly again: 'no' | 'same' | 'other';
}

/** A raw message: a command, JSON, or (without a task) a body that no one can understand. */
export interface PlannedMessage {
  readonly atMs: number;
  readonly task: PlannedTask | undefined;
  readonly isJson: boolean;
  readonly poison: string;
}

export interface Plan {
  readonly seed: number;
  readonly loads: readonly PlannedLoad[];
  readonly singles: readonly PlannedSingle[];
  readonly messages: readonly PlannedMessage[];
  readonly faults: readonly Fault[];
  readonly byTag: ReadonlyMap<string, PlannedTask>;
}

const SINGLES = 0.12;
const MESSAGES = 0.08;
const POISONOUS = 0.1; // of the messages

/** What is sent, and what goes wrong meanwhile: from the seed alone. */
export function makePlan(options: Pick<ChaosOptions, 'seed' | 'tasks' | 'workers' | 'minutes'>): Plan {
  const dice = new Dice(options.seed);
  const busyMs = options.minutes * 60_000;
  const tasks = dice.shuffle(
    Array.from({ length: options.tasks }, (_, n): PlannedTask => {
      const tag = `t${n}`;
      return { tag, ...drawDoing(dice, n, tag) };
    }),
  );
  const singles = tasks.splice(0, Math.round(options.tasks * SINGLES)).map((task): PlannedSingle => ({
    atMs: dice.between(0, busyMs * 0.8),
    task,
    again: dice.pick(['no', 'no', 'same', 'other']),
  }));
  const messages = tasks.splice(0, Math.round(options.tasks * MESSAGES)).map((task, n): PlannedMessage => ({
    atMs: dice.between(0, busyMs * 0.8),
    // The first ones, so that there are some in a short run too; those must not be needed for a kind.
    task: n < 3 || dice.chance(POISONOUS) ? undefined : task,
    isJson: needsJson(task) || dice.chance(0.5),
    poison: dice.pick(POISONS),
  }));
  const loads = cutLoads(dice, tasks, busyMs);
  const faults = planFaults(
    dice,
    busyMs,
    options.workers,
    loads.map(({ tasks }) => tasks.length),
  );
  const sent = [
    ...loads.flatMap((load) => load.tasks),
    ...singles.map(({ task }) => task),
    ...messages.flatMap(({ task }) => task ?? []),
  ];
  return {
    seed: options.seed,
    loads,
    singles: singles.sort((a, b) => a.atMs - b.atMs),
    messages: messages.sort((a, b) => a.atMs - b.atMs),
    faults,
    byTag: new Map(sent.map((task) => [task.tag, task])),
  };
}

/** The first load at once, the others while faults go on. */
function cutLoads(dice: Dice, tasks: readonly PlannedTask[], busyMs: number): PlannedLoad[] {
  const count = tasks.length > 1000 ? 3 : 2;
  const size = Math.ceil(tasks.length / count);
  return Array.from({ length: count }, (_, n) => ({
    name: `load-${n}`,
    atMs: n === 0 ? 0 : busyMs * (n / count) * dice.between(0.6, 1),
    isNamed: n % 2 === 1,
    tasks: tasks.slice(n * size, (n + 1) * size),
  }));
}

/** A plain body has neither input nor settings: the queue's own number of attempts goes for it. */
function needsJson({ input, fails, timeoutSeconds }: Doing): boolean {
  return input !== undefined || fails !== undefined || timeoutSeconds !== undefined;
}

const POISONS: readonly string[] = [
  '{"commando": 1}',
  '{"command": ""}',
  '{"argv": []}',
  '{"command": "true", "maxAttempts": 0}',
  '{"command": "true", "argv": ["true"]}',
  '{"command": "tr',
  '{"command": "true", "timeoutSeconds": "soon"}',
  '   ',
];
