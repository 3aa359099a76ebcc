import {
  SpawnerDied,
  type ProgramEnd,
  type ProgramRunner,
  type ProgramStart,
} from '../../src/worker/spawner/program-runner.ts';

export interface FakeProgram {
  readonly start: ProgramStart;
  /** Graces of the kills so far, in ms. */
  readonly kills: number[];
  readonly startedAt: number;
  killedAt: number | undefined;
  end(end?: Partial<ProgramEnd>): void;
  die(): void;
}

/** Programs that end when the test says so, or 10 ms after they are killed. */
export function makeFakeRunner(): { runner: ProgramRunner; programs: FakeProgram[] } {
  const programs: FakeProgram[] = [];
  const runner: ProgramRunner = {
    pid: 0,
    close: async () => {},
    run(start) {
      const { promise, resolve, reject } = Promise.withResolvers<ProgramEnd>();
      const program: FakeProgram = {
        start,
        kills: [],
        startedAt: Date.now(),
        killedAt: undefined,
        end: (end = { exitCode: 0 }) => resolve({ stdout: '', stderr: '', durationMs: 0, ...end }),
        die: () => reject(new SpawnerDied('it died')),
      };
      programs.push(program);
      return {
        started: Promise.resolve(),
        done: promise,
        progress: async () => undefined,
        kill(graceMs) {
          program.kills.push(graceMs);
          program.killedAt ??= Date.now();
          setTimeout(() => program.end({ signal: 'SIGTERM' }), 10);
        },
      };
    },
  };
  return { runner, programs };
}
