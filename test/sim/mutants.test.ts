import { describe, expect, test } from 'vitest';
import { huntMutant } from './hunt-mutant.ts';
import { MUTANTS } from './mutants.ts';

const RUNS = 1500;

/** What the simulator is worth: it notices when a rule of the protocol is broken. */
describe('the simulator catches', () => {
  test.each(MUTANTS)('$name: $breaks', { timeout: 300_000 }, async (mutant) => {
    expect(await huntMutant(mutant, 1, RUNS)).toBeDefined();
  });
});
