import type { ChaosResult } from './run-chaos.ts';

const MAX_SHOWN = 50;

/** What was injected, what came of it, and what is wrong, for a person. */
export function toReport(result: ChaosResult): string {
  const { seed, seconds, injected, outcome, attempts, violations, home } = result;
  const table = (rows: Readonly<Record<string, number>>): string[] =>
    Object.entries(rows).map(([name, times]) => `${String(times).padStart(8)}  ${name}`);
  return [
    'injected',
    ...table(injected),
    '',
    'outcome',
    ...table(outcome),
    `${attempts.attempts} attempts, ${attempts.interrupted} of them interrupted, ${attempts.unseen} before their first line; ${attempts.most} at most of one task`,
    '',
    ...violations.slice(0, MAX_SHOWN),
    ...(violations.length > MAX_SHOWN ? [`… and ${violations.length - MAX_SHOWN} more`] : []),
    `seed ${seed}: ${violations.length === 0 ? 'no guarantee was broken' : `${violations.length} violations`}, ${seconds} s`,
    ...(home === undefined ? [] : [`data and logs: ${home}`]),
    '',
  ].join('\n');
}
