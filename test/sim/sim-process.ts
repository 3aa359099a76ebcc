import type { Owner } from './virtual-time.ts';
import type { World } from './world.ts';

/** One process of ours, on a host with a clock of its own. */
export class SimProcess implements Owner {
  readonly name: string;
  readonly world: World;
  /** How far its clock is off, in ms. */
  readonly skewMs: number;
  isDead = false;
  /** True time (ms) of its last request that did not go well. */
  troubledAt = -Infinity;
  /** True time (ms) until which nothing of it gets through. */
  cutOffUntil = -Infinity;
  #ids = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(world: World, kind: string) {
    this.world = world;
    this.name = world.newName(kind);
    const { skewMs } = world.weather;
    this.skewMs = Math.round(world.dice.between(-skewMs, skewMs));
    if (world.dice.chance(world.weather.cutOff)) this.#planCutOff();
    world.tell(this.name, () => `starts, its clock off by ${this.skewMs} ms`);
  }

  /** By this host's clock, in ms. */
  clock(): number {
    return Math.round(this.world.now + this.skewMs);
  }

  newId(): string {
    return `${this.name}-${(this.#ids += 1)}`;
  }

  onDeath(run: () => void): void {
    this.#onDeath.push(run);
  }

  /** It is gone between two instructions: nothing of it runs on, no answer reaches it, its programs die with it. */
  crash(why: string): void {
    if (this.isDead) return;
    this.world.count('crash');
    this.world.tell(this.name, () => `CRASHES: ${why}`);
    this.#end();
  }

  /** It has ended by itself. */
  exit(): void {
    if (this.isDead) return;
    this.world.tell(this.name, () => 'exits');
    this.#end();
  }

  #planCutOff(): void {
    const { time, dice } = this.world;
    const [inMs, forMs] = [dice.between(0, 60_000), dice.between(5000, 40_000)];
    time.plan(time.now + inMs, this, () => {
      if (this.world.isCalm) return;
      this.world.count('process is cut off for a while');
      this.world.tell(this.name, () => `is cut off for ${(forMs / 1000).toFixed(1)} s`);
      this.cutOffUntil = this.world.now + forMs;
      time.plan(time.now + forMs, this, () => this.#planCutOff());
    });
  }

  #end(): void {
    this.isDead = true;
    for (const run of this.#onDeath) run();
  }
}
