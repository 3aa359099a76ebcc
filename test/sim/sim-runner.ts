import {
  SpawnerDied,
  type ProgramEnd,
  type ProgramRun,
  type ProgramRunner,
} from '../../src/worker/spawner/program-runner.ts';
import type { SimProcess } from './sim-process.ts';
import type { LiveProgram } from './watch.ts';
import { checkStart } from './watch-workflows.ts';

/** What a program does; the first word of its command. */
export const PROGRAMS = [
  'ok',
  'long',
  'long',
  'fails',
  'fails-first',
  'hangs',
  'ignores-term',
  'kills-worker',
  'kills-spawner',
  'no-such-program',
] as const;
export type ProgramKind = (typeof PROGRAMS)[number];

function neverRun(): ProgramRun {
  const never = new Promise<never>(() => {});
  return { started: never, done: never, kill: () => {}, progress: () => never };
}

/** Runs programs that do what their command says, and die with their worker. */
export function makeSimRunner(process: SimProcess): ProgramRunner {
  const { world } = process;
  const { time, dice } = world;
  return {
    pid: 0,
    close: async () => {},
    run({ runId, program, env, input }) {
      // It died in this very moment, between two of its own steps: what it would have done next, it does not do.
      if (process.isDead) return neverRun();
      const text = 'command' in program ? program.command : program.argv.join(' ');
      const kind = text.split(' ')[0] as ProgramKind;
      const attempt = Number(env['MILLRACE_ATTEMPT']);
      const live: LiveProgram = {
        task: env['MILLRACE_TASK_ID'] ?? '',
        attempt,
        process,
        startedAt: world.now,
      };
      world.tell(process.name, () => `starts program ${runId}: ${text}`);
      world.watch.started(live, text);
      checkStart(world, live.task, input);
      process.onDeath(() => world.watch.ended(live));
      const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
      let isOver = false;
      let killAt = Infinity;
      const finish = (end: Partial<ProgramEnd> | 'spawner died'): void => {
        if (isOver) return;
        isOver = true;
        world.watch.ended(live);
        world.tell(process.name, () => `program ${runId} ends: ${JSON.stringify(end)}`);
        if (end === 'spawner died') reject(new SpawnerDied());
        else resolve({ stdout: runId, stderr: '', durationMs: 0, ...end });
      };
      const plan = (ms: number, end: Partial<ProgramEnd> | 'spawner died') =>
        void time.plan(time.now + ms, process, () => finish(end));
      const { leaseSeconds } = world.definition;
      switch (kind) {
        case 'long':
          plan(leaseSeconds * dice.between(500, 3000), { exitCode: 0 });
          break;
        case 'fails':
          plan(dice.between(1, 3000), { exitCode: 1 });
          break;
        case 'fails-first':
          plan(dice.between(1, 3000), { exitCode: attempt === 1 ? 1 : 0 });
          break;
        case 'hangs':
        case 'ignores-term':
          world.count('program that hangs');
          break;
        case 'kills-worker':
          time.plan(time.now + dice.between(1, 3000), process, () => process.crash('its program killed it'));
          break;
        case 'kills-spawner':
          world.count('program that kills its spawner');
          plan(dice.between(1, 3000), 'spawner died');
          break;
        case 'no-such-program':
          plan(5, { spawnError: 'ENOENT' });
          break;
        case 'ok':
        default:
          plan(dice.between(1, dice.pick([20, 1000, 6000])), { exitCode: 0 });
      }
      return {
        started: Promise.resolve(),
        done: promise,
        progress: async () => undefined,
        kill(graceMs) {
          world.tell(process.name, () => `kills program ${runId} within ${graceMs} ms`);
          const takesMs = kind === 'ignores-term' ? graceMs : dice.between(1, graceMs);
          if (time.now + takesMs >= killAt) return;
          killAt = time.now + takesMs;
          plan(takesMs, { signal: kind === 'ignores-term' ? 'SIGKILL' : 'SIGTERM' });
        },
      };
    },
  };
}
