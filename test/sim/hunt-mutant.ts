import type { Mutant } from './world.ts';
import { runSchedule, type ScheduleResult } from './run-schedule.ts';

/** Runs schedules with this break of the protocol until one is caught, or undefined when none of so many is. */
export async function huntMutant(
  mutant: Mutant,
  firstSeed: number,
  runs: number,
): Promise<ScheduleResult | undefined> {
  for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) {
    const result = await runSchedule(seed, mutant);
    if (result.violations.length > 0) return result;
  }
  return undefined;
}
