import { createHash } from 'node:crypto';
import type { FailureReason } from '../../src/core/task-states.ts';
import type { Dice } from '../sim/random.ts';

/** So many failures that those by kills do not add up to an end: planned successes have to succeed. */
export const MANY_ATTEMPTS = 50;

/** What a task does, and which end that may come to. */
export interface Doing {
  readonly kind: string;
  /** Words behind the tag in the command line of the program: see task-program.ts. */
  readonly words: readonly string[];
  readonly input?: string;
  readonly timeoutSeconds?: number;
  readonly maxAttempts: number;
  /** Absent: it succeeds. */
  readonly fails?: { readonly reason: FailureReason; readonly exitCode?: number };
  /** Fails in its first attempt, and has no other: FAILED, until somebody redrives it. */
  readonly isFixedByRedrive?: true;
  /** May be cancelled along the way. */
  readonly isVictim?: true;
  readonly stdoutEnd?: string;
  readonly result?: unknown;
}

type Maker = (dice: Dice, tag: string) => Doing;

const succeeds = { maxAttempts: MANY_ATTEMPTS };

/** Each kind with its weight. */
const KINDS: readonly (readonly [number, Maker])[] = [
  [22, () => ({ kind: 'no-op', words: ['noop'], ...succeeds })],
  [33, (dice) => ({ kind: 'sleeps', words: ['sleep', heavyTail(dice)], ...succeeds })],
  [8, readsInput],
  [5, returnsResult],
  [2, printsMuch],
  [6, (dice) => ({ kind: 'fails at first', words: ['flaky', String(dice.pick([1, 1, 1, 2]))], ...succeeds })],
  [5, failsAlways],
  [3, failsUntilRedriven],
  [2, (dice) => ({ ...timesOut(dice), kind: 'times out', words: ['hang'] })],
  [1.5, (dice) => ({ ...timesOut(dice), kind: 'times out, ignores SIGTERM', words: ['stubborn', '600'] })],
  [1.5, (dice) => ({ ...timesOut(dice), kind: 'times out, has left its group', words: ['sprawl'] })],
  [
    2,
    (dice) => ({ kind: 'ignores SIGTERM', words: ['stubborn', seconds(dice.between(0.5, 4))], ...succeeds }),
  ],
  [4, () => ({ kind: 'is outlived by grandchildren', words: ['family'], ...succeeds })],
  [
    1,
    () => ({
      kind: 'ends by a signal',
      words: ['crash'],
      maxAttempts: 1,
      fails: { reason: 'signal' as const },
    }),
  ],
  [4, victim],
];

/** What the n-th task does: each kind has its turn once before chance decides. */
export function drawDoing(dice: Dice, n: number, tag: string): Doing {
  if (n < KINDS.length) return KINDS[n]![1](dice, tag);
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);
  let left = dice.between(0, total);
  for (const [weight, make] of KINDS) {
    left -= weight;
    if (left < 0) return make(dice, tag);
  }
  return KINDS[0]![1](dice, tag);
}

/** Most take next to no time, a few take seconds. */
function heavyTail(dice: Dice): string {
  return seconds(Math.min(8, 0.04 * (1 - dice.next()) ** -0.9));
}

function seconds(value: number): string {
  return value.toFixed(2);
}

function readsInput(dice: Dice): Doing {
  let input = '';
  const length = dice.whole(100, 16_000);
  while (input.length < length) input += Math.floor(dice.next() * 2 ** 32).toString(36);
  const stdoutEnd = `${createHash('sha256').update(input).digest('hex')}  -\n`;
  return { kind: 'reads input', words: ['input'], input, stdoutEnd, ...succeeds };
}

function returnsResult(dice: Dice, tag: string): Doing {
  const n = dice.whole(1, 1_000_000);
  const words = ['result', String(n), heavyTail(dice)];
  return { kind: 'returns a result', words, result: { tag, n }, ...succeeds };
}

function printsMuch(dice: Dice): Doing {
  const lines = dice.whole(50, 800);
  return { kind: 'prints much', words: ['chatty', String(lines)], stdoutEnd: ` ${lines}\n`, ...succeeds };
}

function failsAlways(dice: Dice): Doing {
  const exitCode = dice.whole(1, 120);
  return {
    kind: 'fails always',
    words: ['fail', String(exitCode)],
    maxAttempts: dice.whole(1, 3),
    fails: { reason: 'exit', exitCode },
  };
}

function failsUntilRedriven(): Doing {
  return {
    kind: 'fails until it is redriven',
    words: ['flaky', '1'],
    maxAttempts: 1,
    fails: { reason: 'exit', exitCode: 9 },
    isFixedByRedrive: true,
  };
}

function timesOut(dice: Dice) {
  return {
    timeoutSeconds: dice.pick([0.5, 1, 1.5]),
    maxAttempts: dice.pick([1, 1, 2]),
    fails: { reason: 'timeout' as const },
  };
}

function victim(dice: Dice): Doing {
  const words = [dice.pick(['sleep', 'stubborn']), seconds(dice.between(2, 8))];
  return { kind: 'may be cancelled', words, isVictim: true, ...succeeds };
}
