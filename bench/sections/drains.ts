import { drain } from '../drain.ts';
import { against, contendersOf, interleave, type Contender } from '../rounds.ts';
import type { Context, Row } from '../section.ts';
import type { System } from '../systems/system.ts';
import type { Kind, Task } from '../workload.ts';

/** Of a slow system. */
const MIN_TASKS = 200;

type Measured = 'rate' | 'worker' | 'children' | 'cpu';

/** Every system empties a queue of the same tasks: throughput, and what of memory and CPU its worker used for it. */
export async function measureDrains(
  context: Context,
  section: string,
  { kind, slots, tasks }: { kind: Kind; slots: number; tasks: readonly Task[] },
  others: readonly Contender<Measured>[] = [],
): Promise<Row[]> {
  const contenders = contendersOf<Measured>(context, section, kind, async (system) => {
    const { perSecond, workerMiB, childrenMiB, cpuMsPerTask } = await drain(
      system,
      kind,
      slots,
      shareOf(system, tasks),
    );
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

/** A slow system is given fewer: what is measured are rates. */
function shareOf({ share = 1 }: System, tasks: readonly Task[]): readonly Task[] {
  return tasks.slice(0, Math.max(MIN_TASKS, Math.ceil(share * tasks.length)));
}
