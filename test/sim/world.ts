import type { Ports } from '../../src/core/ports.ts';
import { queueDefinitionSchema, type QueueDefinition } from '../../src/core/queue-definition.ts';
import type { Settler } from '../../src/core/settle.ts';
import { Dice } from './random.ts';
import { makeTables, type Tables } from './tables.ts';
import { VirtualTime } from './virtual-time.ts';
import { drawWeather, FINE, type Weather } from './weather.ts';
import { SimQueue } from './sim-queue.ts';
import { Watch } from './watch.ts';

export const START = Date.UTC(2026, 0, 1);

/** A deliberate break of the protocol, put between the product and the world. The product knows nothing of it. */
export interface Mutant {
  readonly name: string;
  /** The rule that it breaks. */
  readonly breaks: string;
  readonly ports?: (ports: Ports, host: MutantHost) => Ports;
  readonly settler?: (settler: Settler, host: MutantHost) => Settler;
}
/** The process whose ports are broken. */
export interface MutantHost {
  readonly name: string;
  readonly world: World;
}

/** One run: its time, its dice, what AWS holds, and what has been seen to go wrong. */
export class World {
  readonly time = new VirtualTime();
  readonly dice: Dice;
  readonly tables: Tables = makeTables();
  readonly main: SimQueue;
  readonly dead: SimQueue;
  readonly definition: QueueDefinition;
  readonly watch: Watch;
  readonly mutant: Mutant | undefined;
  readonly violations: string[] = [];
  /** How often each fault was injected. */
  readonly tally = new Map<string, number>();
  weather: Weather;
  /** No more faults: what is left must come to rest. */
  isCalm = false;
  #names = 0;
  readonly #say: ((line: string) => void) | undefined;

  constructor(seed: number, mutant?: Mutant, say?: (line: string) => void) {
    this.dice = new Dice(seed);
    this.mutant = mutant;
    this.#say = say;
    this.weather = drawWeather(this.dice);
    this.definition = queueDefinitionSchema.parse({
      name: 'default',
      leaseSeconds: this.weather.leaseSeconds,
    });
    this.dead = new SimQueue(this, 'dead');
    this.main = new SimQueue(this, 'main', this.dead);
    this.watch = new Watch(this);
    this.tell('weather', () => JSON.stringify(this.weather));
  }

  /** True time, in ms since the epoch. */
  get now(): number {
    return START + this.time.now;
  }

  get isTraced(): boolean {
    return this.#say !== undefined;
  }

  newName(prefix: string): string {
    return `${prefix}${(this.#names += 1)}`;
  }

  calmDown(): void {
    this.isCalm = true;
    this.weather = { ...this.weather, ...FINE };
    this.tell('weather', () => 'calm from here on');
  }

  /** Faults again. */
  roughUp(weather: Weather): void {
    this.isCalm = false;
    this.weather = weather;
    this.tell('weather', () => 'faults from here on');
  }

  /** A fault was injected. */
  count(fault: string, times = 1): void {
    this.tally.set(fault, (this.tally.get(fault) ?? 0) + times);
  }

  tell(who: string, what: () => string): void {
    this.#say?.(`${(this.time.now / 1000).toFixed(3).padStart(9)}  ${who.padEnd(10)} ${what()}`);
  }

  /** A guarantee is broken. */
  fail(what: string): void {
    this.violations.push(what);
    this.tell('VIOLATION', () => what);
  }
}
