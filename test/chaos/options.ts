import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run chaos -- [--tasks N] [--workers N] [--seed S] [--minutes M] [--lease S] [--plan] [--keep] [--json]

Loads mixed tasks into a local stack of its own while workers, spawners, loaders and the stack are killed, then waits
for rest and checks that every task has exactly the end that its plan allows.
  --tasks N     so many tasks (3000)
  --workers N   worker processes (4)
  --seed S      the same tasks and the same schedule of faults as with this seed before (a random one)
  --minutes M   how long faults go on (1.5)
  --lease S     lease of an attempt in seconds, 3 at least (8): a short one makes recovery fast
  --plan        prints the schedule of faults, and runs nothing
  --keep        keeps the data and the logs also when nothing is wrong
  --json        one JSON document at the end
It exits 0 when no guarantee was broken, 1 when one was (it says where the data lies), 2 on wrong usage.
`;

export interface ChaosOptions {
  readonly tasks: number;
  readonly workers: number;
  readonly seed: number;
  readonly minutes: number;
  readonly leaseSeconds: number;
  readonly plan: boolean;
  readonly keep: boolean;
  readonly json: boolean;
  /** There is somebody to see a line that changes. */
  readonly live: boolean;
}

/** @returns what the arguments ask for, or what is wrong with them ('' when it was help that they asked for) */
export function parseOptions(argv: readonly string[], newSeed: () => number): ChaosOptions | string {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        tasks: { type: 'string', default: '3000' },
        workers: { type: 'string', default: '4' },
        seed: { type: 'string' },
        minutes: { type: 'string', default: '1.5' },
        lease: { type: 'string', default: '8' },
        plan: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        live: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (values.help) return '';
  const { plan, keep, json, live } = values;
  const [tasks, workers, minutes, leaseSeconds] = [
    Number(values.tasks),
    Number(values.workers),
    Number(values.minutes),
    Number(values.lease),
  ];
  const seed = values.seed === undefined ? newSeed() : Number(values.seed);
  // Fewer tasks would leave some kinds out, and some faults without anything to hit.
  if (!Number.isInteger(tasks) || tasks < 100) return '--tasks: expected a whole number from 100 on';
  if (!Number.isInteger(workers) || workers < 1 || workers > 32) return '--workers: expected 1 to 32';
  if (!Number.isInteger(seed) || seed < 0) return '--seed: expected a whole number from 0 on';
  if (!(minutes > 0 && minutes <= 600)) return '--minutes: expected a number above 0';
  if (!Number.isInteger(leaseSeconds) || leaseSeconds < 3) return '--lease: expected 3 seconds at least';
  return { tasks, workers, seed, minutes, leaseSeconds, plan, keep, json, live };
}
