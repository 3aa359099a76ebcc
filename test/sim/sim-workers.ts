import { NOTHING_SECRET } from '../../src/worker/redactor.ts';
import { runWorker } from '../../src/worker/run-worker.ts';
import type { WorkerMode } from '../../src/worker/worker-settings.ts';
import { keepRunning, type Host } from './host.ts';
import { makeSimRunner } from './sim-runner.ts';
import { OUTSIDE } from './virtual-time.ts';
import type { World } from './world.ts';

const STOP_TIMEOUT_MS = 30_000; // then Fargate kills

/** The fleet: real workers, started anew whenever one has ended, and told to stop now and then. */
export class Fleet {
  readonly #world: World;
  readonly #stops = new Set<() => void>();
  #isWanted = true;

  constructor(world: World) {
    this.#world = world;
    for (let n = 0; n < world.weather.workers; n += 1) {
      keepRunning(
        world,
        'worker',
        (host) => this.#work(host),
        () => this.#isWanted,
      );
    }
  }

  get size(): number {
    return this.#stops.size;
  }

  /** SIGTERM to all; no new ones come. */
  stop(): void {
    this.#isWanted = false;
    for (const stop of this.#stops) stop();
  }

  async #work({ process, ending }: Host): Promise<void> {
    const world = this.#world;
    const { dice, time, weather } = world;
    const [stop, force] = [new AbortController(), new AbortController()];
    const graceMs = dice.pick([1000, 5000, 10_000]);
    const tellToStop = (): void => {
      time.plan(time.now, process, () => {
        world.tell(process.name, () => 'is told to stop');
        stop.abort();
      });
    };
    const mode: WorkerMode = world.isCalm
      ? 'forever'
      : dice.pick(['forever', 'forever', 'until-empty', 'once']);
    this.#stops.add(tellToStop);
    process.onDeath(() => this.#stops.delete(tellToStop));
    if (dice.chance(weather.stopsPerMinute / 2)) {
      const at = time.now + dice.between(0, 60_000);
      time.plan(at, OUTSIDE, () => {
        if (process.isDead || world.isCalm) return;
        world.count('worker is told to stop');
        tellToStop();
        if (dice.chance(0.3)) time.plan(at + dice.between(1, 5000), process, () => force.abort());
        time.plan(at + graceMs + STOP_TIMEOUT_MS, process, () =>
          process.crash('killed, since it does not stop'),
        );
      });
    }
    await runWorker({
      ports: ending.ports,
      settler: ending.settler,
      definition: ending.definition,
      runner: makeSimRunner(process),
      worker: process.name,
      mode,
      slots: weather.slots,
      ...(weather.ahead > 0 && {
        prefetch: { size: 2 * weather.ahead, ahead: weather.ahead, freed: () => {} },
      }),
      idleExitMs: mode === 'until-empty' && dice.chance(0.5) ? 10_000 : undefined,
      baseEnv: () => ({}),
      redactor: NOTHING_SECRET,
      graceMs,
      pollSeconds: 20,
      emptyChecks: 2,
      stop: stop.signal,
      force: force.signal,
      monotonic: () => time.now,
    });
  }
}
