import { drain } from '../drain.ts';
import { against, contendersOf, interleave, type Contender } from '../rounds.ts';
import type { Context, Row } from '../section.ts';
import type { Kind, Task } from '../workload.ts';

type Measured = 'rate' | 'worker' | 'children' | 'cpu';

/** Every system empties a queue of the same tasks: throughput, and what of memory and CPU its worker used for it. */
export async function measureDrains(
  context: Context,
  section: string,
  { kind, slots, tasks }: { kind: Kind; slots: number; tasks: readonly Task[] },
  others: readonly Contender<Measured>[] = [],
): Promise<Row[]> {
  const contenders = contendersOf<Measured>(context, section, kind, async (system) => {
    const { perSecond, workerMiB, childrenMiB, cpuMsPerTask } = await drain(system, kind, slots, tasks);
    return { rate: perSecond, worker: workerMiB, children: childrenMiB, cpu: cpuMsPerTask };
  });
  const figures = await interleave(context, [...contenders, ...others]);
  const noun = kind === 'command' ? 'commands' : 'handlers';
  return [
    against(figures('rate'), { what: 'throughput', unit: `${noun}/s`, better: 'more' }),
    against(figures('cpu'), { what: 'CPU of the worker', unit: `ms/${kind}`, better: 'less' }),
    against(figures('worker'), { what: 'memory of the worker, peak', unit: 'MiB', better: 'less' }),
    against(figures('children'), { what: 'of its children, sum of peaks', unit: 'MiB', better: 'less' }),
  ];
}
