import { makeDoctorSource, type DoctorSource } from '../../src/core/doctor/doctor-source.ts';
import {
  examineQueue,
  type ExamineOptions,
  type ExaminedQueue,
} from '../../src/core/doctor/examine-queue.ts';
import type { CheckResult } from '../../src/core/doctor/finding.ts';
import { DEFAULT_QUEUE } from '../../src/core/queue-definition.ts';
import { makeSettlers } from '../../src/core/settlers.ts';
import { makeMemoryInspector } from '../fakes/memory-inspector.ts';
import { makeMemoryPorts } from '../fakes/memory-ports.ts';

/** A doctor over ports in memory, and a worker to make it something to look at. */
export function makeDoctorUnderTest() {
  const { ports, state } = makeMemoryPorts();
  const { inspector, planted } = makeMemoryInspector(ports, state);
  const settlerOf = makeSettlers(ports);
  const source = makeDoctorSource(ports, inspector, settlerOf);
  /** How often it paused to look again. */
  let pauses = 0;
  const examine = async (
    more: Partial<ExamineOptions> = {},
    from: DoctorSource = source,
  ): Promise<ExaminedQueue> =>
    examineQueue(from, 'default', {
      dryRun: false,
      fix: false,
      sleep: async (ms) => {
        pauses += 1;
        state.now += ms;
      },
      ...more,
    });
  return {
    ports,
    state,
    inspector,
    planted,
    source,
    examine,
    pauses: () => pauses,
    worker: {
      ports,
      definition: DEFAULT_QUEUE,
      worker: 'worker-1',
      settler: settlerOf(DEFAULT_QUEUE),
    },
  };
}

/** Codes of what was found, without what is fine. */
export function codesOf({ checks }: { readonly checks: readonly CheckResult[] }): string[] {
  return checks.filter(({ severity }) => severity !== 'ok').map(({ code }) => code);
}
