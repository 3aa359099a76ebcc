import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants.ts';
import { huntMutant } from './hunt-mutant.ts';
import { runSchedule, type ScheduleResult } from './run-schedule.ts';

const USAGE = `usage: npm run sim -- [--runs N] [--seed S] [--mutant NAME] [--mutants]

Runs the product's own code in virtual time, against an SQS and a DynamoDB that do all that they are allowed to.
  --runs N       so many schedules, from seed S on (1000, from 1)
  --seed S       alone: replays this one, step by step
  --mutant NAME  with this deliberate break of the protocol
  --mutants      each break in turn, up to N schedules; exits 1 when one survives
`;

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const firstSeed = Number(values.seed ?? 1);
const runs = Number(values.runs ?? 1000);
const mutant = MUTANTS.find(({ name }) => name === values.mutant);

if (values.help || !Number.isInteger(firstSeed) || !(runs > 0)) {
  say(USAGE);
  process.exitCode = values.help ? 0 : 2;
} else if (values.mutant !== undefined && !mutant) {
  say(`There is no mutant named ${values.mutant}. There are: ${MUTANTS.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else if (values.mutants) {
  process.exitCode = (await huntAll()) > 0 ? 1 : 0;
} else if (values.seed !== undefined && values.runs === undefined) {
  const { violations } = await runSchedule(firstSeed, mutant, say);
  say(violations.length > 0 ? `\n${violations.join('\n')}` : '\nno violation');
  process.exitCode = violations.length > 0 ? 1 : 0;
} else {
  process.exitCode = (await runMany()) ? 0 : 1;
}

async function huntAll(): Promise<number> {
  let survivors = 0;
  for (const each of MUTANTS) {
    const caught = await huntMutant(each, firstSeed, runs);
    if (!caught) survivors += 1;
    const what = caught
      ? `seed ${String(caught.seed).padEnd(6)} ${caught.violations[0]}`
      : `SURVIVED ${runs} runs`;
    say(`${each.name.padEnd(34)} ${what}`);
  }
  say(`${MUTANTS.length} mutants, ${survivors} survived`);
  return survivors;
}

/** @returns whether no guarantee was broken */
async function runMany(): Promise<boolean> {
  const startedAt = process.hrtime.bigint();
  const tally = new Map<string, number>();
  let [tasks, virtualMs, done] = [0, 0, 0];
  let broken: ScheduleResult | undefined;
  for (let seed = firstSeed; seed < firstSeed + runs && !broken; seed += 1) {
    const result = await runSchedule(seed, mutant);
    for (const [fault, times] of result.tally) tally.set(fault, (tally.get(fault) ?? 0) + times);
    tasks += result.tasks;
    virtualMs += result.virtualMs;
    done += 1;
    if (result.violations.length > 0) broken = result;
  }
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  for (const [fault, times] of [...tally].sort(([, a], [, b]) => b - a)) {
    say(`${String(times).padStart(10)}  ${fault}`);
  }
  say(
    `${done} runs, ${tasks} tasks, ${(virtualMs / 86_400_000).toFixed(1)} days of virtual time in ${seconds.toFixed(1)} s`,
  );
  if (!broken) {
    say('no guarantee was broken');
    return true;
  }
  say(`\nseed ${broken.seed}:\n${broken.violations.join('\n')}`);
  const again = mutant ? ` --mutant ${mutant.name}` : '';
  say(`\nreplay it step by step: npm run sim -- --seed ${broken.seed}${again}`);
  return false;
}
