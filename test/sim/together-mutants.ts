import { breakTogether } from './mutant.ts';
import type { Mutant } from './world.ts';

/** Breaks of the requests in which several changes share one. */
export const TOGETHER_MUTANTS: readonly Mutant[] = [
  {
    name: 'refused-in-company-is-taken-for-done',
    breaks: 'a change that was refused in company is asked for again alone',
    ports: breakTogether(async (changes, together) => {
      await together.change(changes);
      return changes.map(() => true);
    }),
  },
  {
    name: 'company-without-its-token',
    breaks: 'in company, too, a worker that has lost its lease writes nothing',
    ports: breakTogether((changes, together) =>
      together.change(changes.map((change) => (change.known ? { ...change, guard: {} } : change))),
    ),
  },
  {
    name: 'company-overwrites-a-row',
    breaks: 'in company, a row is made only where there is none',
    ports: breakTogether((changes, together) =>
      together.change(
        changes.map(({ from, ...change }) =>
          change.isBirth
            ? { ...change, event: 'claim', from: ['none', 'PENDING', ...(from ?? [])] }
            : { ...change, ...(from && { from }) },
        ),
      ),
    ),
  },
];
