import type { Dice } from './random.ts';

/** How rough one run is. Rates are per request unless said otherwise. */
export interface Weather {
  /** No answer: never carried out, carried out, or carried out late. */
  readonly loss: number;
  /** Carried out twice: repeated after a lost answer, or a copy that arrives late. */
  readonly repeat: number;
  readonly throttle: number;
  /** The process dies before or after the request takes effect. */
  readonly crash: number;
  /** Requests of this kind go wrong much more often than others. */
  readonly focus: string;
  /** A process is cut off from everything for a while, per process. */
  readonly cutOff: number;
  /** A message that is in flight is delivered again, per receive. */
  readonly duplicate: number;
  /** A deleted message comes back, per delete. */
  readonly ghost: number;
  /** One entry of a batch call fails, per entry. */
  readonly partial: number;
  /** A worker is told to stop, per minute. */
  readonly stopsPerMinute: number;
  /** The longest that a request takes, each way, in ms. */
  readonly latencyMs: number;
  /** Clocks are off by up to so much, in ms. */
  readonly skewMs: number;
  /** An index shows what was so long ago, at most, in ms. */
  readonly indexLagMs: number;
  /** Receives after which SQS moves a message to the dead letters. */
  readonly maxReceives: number;
  /** Messages that look a week old, per send. */
  readonly aged: number;
  /** Tasks that workers claim beyond their slots. */
  readonly ahead: number;
  /** Several changes of tasks share a request. */
  readonly together: boolean;
  readonly leaseSeconds: number;
  readonly workers: number;
  readonly slots: number;
  /** ms in which callers begin their jobs; faults go on for twice as long. */
  readonly busyMs: number;
}

/** Beginnings of the names of requests. */
const FOCUSES = [
  'none',
  'none',
  'beat',
  'claim',
  'retry',
  'succeed',
  'cancel',
  'restamp',
  'advance',
  'close',
  'replace',
  'retire',
  'send',
  'redrive',
  'set paused',
  'set member done',
  'set up',
  'delete',
];

/** Each run has a weather of its own: a fault that is everywhere hides others. */
export function drawWeather(dice: Dice): Weather {
  return {
    loss: dice.pick([0, 0.01, 0.03, 0.08, 0.2]),
    repeat: dice.pick([0, 0.02, 0.05, 0.15]),
    throttle: dice.pick([0, 0, 0.02, 0.1]),
    crash: dice.pick([0, 0, 0.002, 0.01, 0.03]),
    focus: dice.pick(FOCUSES),
    cutOff: dice.pick([0, 0, 0.2, 0.6]),
    duplicate: dice.pick([0, 0.05, 0.3]),
    ghost: dice.pick([0, 0, 0.05]),
    partial: dice.pick([0, 0.05, 0.2]),
    stopsPerMinute: dice.pick([0, 0, 0.5, 2]),
    latencyMs: dice.pick([5, 50, 500, 1500]),
    skewMs: dice.pick([0, 2500, 2500]),
    indexLagMs: dice.pick([0, 1000, 20_000]),
    maxReceives: dice.pick([4, 8, 1000]),
    aged: dice.pick([0, 0, 0.1]),
    ahead: dice.pick([0, 0, 1, 3]),
    together: dice.chance(0.6),
    leaseSeconds: dice.pick([12, 12, 20, 30]),
    workers: dice.pick([1, 2, 2, 3]),
    slots: dice.pick([1, 2, 4]),
    busyMs: dice.pick([10_000, 30_000, 80_000]),
  };
}

export const FINE: Pick<
  Weather,
  | 'loss'
  | 'cutOff'
  | 'repeat'
  | 'throttle'
  | 'crash'
  | 'duplicate'
  | 'ghost'
  | 'partial'
  | 'aged'
  | 'stopsPerMinute'
> = {
  loss: 0,
  cutOff: 0,
  repeat: 0,
  throttle: 0,
  crash: 0,
  duplicate: 0,
  ghost: 0,
  partial: 0,
  aged: 0,
  stopsPerMinute: 0,
};
