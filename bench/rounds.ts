import { rounded } from './figures.ts';
import type { Context, Figure, Row } from './section.ts';
import type { System } from './systems/system.ts';
import type { Kind } from './workload.ts';

/** Measures one system once: a value for each of the names of what it measures. */
export interface Contender<What extends string> {
  readonly who: string;
  /** Fewer rounds than the others, for one whose every round takes long. */
  readonly rounds?: number;
  readonly measure: () => Promise<Partial<Record<What, number>>>;
}

/** The systems that run this kind of task, as contenders of a section. */
export function contendersOf<What extends string>(
  { systems }: Context,
  section: string,
  kind: Kind,
  measure: (system: System) => Promise<Partial<Record<What, number>>>,
): Contender<What>[] {
  return systems
    .filter(({ kinds }) => kinds.includes(kind))
    .map((system) => {
      const rounds = system.roundsOf?.[section];
      return {
        who: system.name,
        ...(rounds !== undefined && { rounds }),
        measure: () => measure(system),
      };
    });
}

/** Of a section whose rounds take minutes. */
export const LONG_ROUNDS = 3;

/**
 * Every contender once, then every one again: what disturbs the machine for a while disturbs all of them.
 * One that fails is left out of the later rounds, by name; what it measured before stays.
 * @param atMost so many rounds, where the options want more
 */
export async function interleave<What extends string>(
  { options, stopping, say, fail }: Context,
  contenders: readonly Contender<What>[],
  atMost = options.runs,
): Promise<(what: What) => Figure[]> {
  const samples = new Map<string, Partial<Record<What, number>>[]>(contenders.map(({ who }) => [who, []]));
  const failed = new Set<string>();
  const all = Math.min(options.runs, atMost);
  for (let round = 1; round <= all; round += 1) {
    for (const { who, rounds = all, measure } of contenders) {
      stopping.throwIfAborted();
      if (round > rounds || failed.has(who)) continue;
      try {
        const values = await measure();
        samples.get(who)?.push(values);
        say(`  ${round}/${rounds} ${who}: ${valuesText(values)}`);
      } catch (error) {
        stopping.throwIfAborted();
        failed.add(who);
        fail(who, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return (what) =>
    contenders
      .map(({ who }) => ({
        who,
        samples: (samples.get(who) ?? []).map((values) => values[what] ?? NaN).filter(Number.isFinite),
      }))
      .filter((figure) => figure.samples.length > 0);
}

/** `rate 855, cpu 1.32`. */
function valuesText(values: Readonly<Record<string, number | undefined>>): string {
  return Object.entries(values)
    .map(([what, value]) => `${what} ${rounded(value ?? NaN)}`)
    .join(', ');
}

/** A row against Millrace's own figure. */
export function against(
  figures: readonly Figure[],
  row: Pick<Row, 'what' | 'unit' | 'better'>,
  ours = 'millrace',
): Row {
  return { ...row, figures, ours };
}
