import { doneWhen } from '../drain.ts';
import { against, interleave, type Contender } from '../rounds.ts';
import type { Context, Row, Section } from '../section.ts';
import { makeMillrace } from '../systems/millrace.ts';
import { noops } from '../workload.ts';

const SLOTS = 16;
const BATCHED = 'millrace, batched statements';
const SINGLE = 'millrace, single writes';

/** Of what the worker asked, by operation, and in sum. */
const SUMS = {
  dynamodb: 'requests to DynamoDB',
  sqs: 'requests to SQS',
  units: 'write units',
} as const;

/** SQS’s operations are on queues and messages, DynamoDB’s on neither. */
const OF_SQS = /Queue|Message/;

export const calls: Section = {
  name: 'calls',
  title: `what a no-op handler of a batch costs its worker, ${SLOTS} at a time, in requests and write units`,
  isAlone: true,
  run: async (context) => {
    const operations = new Set<string>();
    const contender = (who: string, statements: 'single' | 'batch'): Contender<string> => ({
      who,
      rounds: 1, // it counts, and hardly varies
      measure: async () => {
        const counts = await countCalls(context, statements);
        for (const name of Object.keys(counts)) if (!(name in SUMS)) operations.add(name);
        return counts;
      },
    });
    const contenders = [contender(BATCHED, 'batch'), contender(SINGLE, 'single')];
    const figures = await interleave(context, contenders);
    const row = (name: string, what: string): Row =>
      against(figures(name), { what, unit: 'a task', better: 'less' }, BATCHED);
    return [
      ...Object.entries(SUMS).map(([name, what]) => row(name, what)),
      ...[...operations].sort().map((name) => row(name, `\`${name}\``)),
    ];
  },
};

/** @returns for each task: the sums, and the requests of each operation */
async function countCalls(
  { options }: Context,
  statements: 'single' | 'batch',
): Promise<Record<string, number>> {
  const tasks = noops(options.batch);
  const session = await makeMillrace(statements).open();
  try {
    await session.enqueue('handler', tasks);
    const worker = await session.startWorker('handler', SLOTS, tasks, 'empty');
    await doneWhen(worker, tasks.length);
    const counted = Object.entries((await worker.calls?.()) ?? {});
    const requests = (isWanted: (name: string) => boolean): number =>
      counted.reduce((sum, [name, { requests }]) => sum + (isWanted(name) ? requests : 0), 0) / tasks.length;
    return {
      dynamodb: requests((name) => !OF_SQS.test(name)),
      sqs: requests((name) => OF_SQS.test(name)),
      units: counted.reduce((sum, [, { writeUnits }]) => sum + writeUnits, 0) / tasks.length,
      ...Object.fromEntries(counted.map(([name, { requests }]) => [name, requests / tasks.length])),
    };
  } finally {
    await session.close();
  }
}
