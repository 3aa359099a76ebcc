import type { Inspector, SqsQueue } from '../../src/core/doctor/inspector.ts';
import type { Ports } from '../../src/core/ports.ts';
import { queueSettings } from '../../src/core/table-definition.ts';
import type { MemoryState } from './memory-state.ts';

/** What a test has the inspector find instead of what is there. */
export interface Planted {
  /** By `<queue>` and `<queue>/dead`: other settings, no such queue, or an error. */
  readonly queues: Map<string, Partial<SqsQueue> | 'missing' | Error>;
  /** Versions of rows that a newer version has written. */
  readonly newer: Map<string, number>;
  /** ms. */
  createdAt: number;
}

/** The doctor's view of ports in memory. */
export function makeMemoryInspector(
  ports: Ports,
  state: MemoryState,
): { inspector: Inspector; planted: Planted } {
  const planted: Planted = { queues: new Map(), newer: new Map(), createdAt: state.now };
  const inspector: Inspector = {
    describeQueue: async (queue, which) => {
      const definition = state.definitions.find(({ name }) => name === queue);
      const instead = planted.queues.get(which === 'main' ? queue : `${queue}/dead`);
      if (!definition || instead === 'missing') return undefined;
      if (instead instanceof Error) throw instead;
      const wanted = queueSettings(definition, '');
      const common = { receiveWaitSeconds: wanted.receiveWaitSeconds, createdAt: planted.createdAt };
      if (which === 'dead') {
        return {
          ...common,
          name: wanted.deadName,
          counts: await ports.messages.dead(queue).counts(),
          visibilitySeconds: wanted.deadVisibilitySeconds,
          retentionSeconds: wanted.deadRetentionSeconds,
          ...instead,
        };
      }
      return {
        ...common,
        name: wanted.name,
        counts: await ports.messages.main(queue).counts(),
        visibilitySeconds: wanted.visibilitySeconds,
        retentionSeconds: wanted.retentionSeconds,
        maxReceiveCount: wanted.maxReceiveCount,
        deadLetterQueue: wanted.deadName,
        ...instead,
      };
    },
    survey: async (ids) => {
      const rows = await ports.tasks.showMany(ids.filter((id) => !planted.newer.has(id)));
      const newer = ids.flatMap((id) => {
        const version = planted.newer.get(id);
        return version === undefined ? [] : [{ id, version }];
      });
      return { rows, newer };
    },
    firstLedgerWrite: async (queue) => {
      const all = [...state.ledgers.values(), ...state.retired.values()];
      const times = all.filter((row) => row.queue === queue).map(({ at }) => at);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
  return { inspector, planted };
}
