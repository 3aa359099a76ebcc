import { drain } from '../drain.ts';
import { limits } from '../limits/limits.ts';
import { against, interleave, LONG_ROUNDS, type Contender } from '../rounds.ts';
import type { Context, Row, Section } from '../section.ts';
import { millraceOnMinistack } from '../systems/millrace-ministack.ts';
import type { System } from '../systems/system.ts';
import { noops, type Kind } from '../workload.ts';

const BATCHED = 'millrace, batched statements';
const SINGLE = 'millrace, single writes';

export const workerCpu: Section = {
  name: 'worker-cpu',
  title: 'the worker alone, on MiniStack: its CPU with single writes and with batched statements',
  isAlone: true,
  run: async (context) => [
    ...(await measure(context, 'handler', 16)),
    ...(await measure(context, 'command', 8)),
  ],
};

async function measure(context: Context, kind: Kind, slots: number): Promise<Row[]> {
  const tasks = noops(context.options.emulated);
  const systems = [millraceOnMinistack(BATCHED, 'batch'), millraceOnMinistack(SINGLE, 'single')];
  const contenders = systems.map((system: System): Contender<'cpu' | 'rate'> => ({
    who: system.name,
    measure: async () => {
      const { cpuMsPerTask, perSecond } = await drain(system, kind, slots, tasks);
      return { cpu: cpuMsPerTask, rate: perSecond };
    },
  }));
  const starts = kind === 'command' ? await limits(context, slots, tasks.length) : [];
  const figures = await interleave(context, [...contenders, ...starts], LONG_ROUNDS);
  return [
    against(figures('cpu'), { what: 'CPU', unit: `ms/${kind}`, better: 'less' }, BATCHED),
    against(figures('rate'), { what: 'throughput', unit: `${kind}s/s`, better: 'more' }, BATCHED),
  ];
}
