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
  #ids = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(world: World, kind: string) {
    this.world = world;
    this.name = world.newName(kind);
    const { skewMs } = world.weather;
    this.skewMs = Math.round(world.dice.between(-skewMs, skewMs));
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

  #end(): void {
    this.isDead = true;
    for (const run of this.#onDeath) run();
  }
}
