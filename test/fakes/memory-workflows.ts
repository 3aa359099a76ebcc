import type { WorkflowStore } from '../../src/core/workflow-store.ts';
import type { WorkflowRow } from '../../src/core/workflow-row.ts';
import type { MemoryState } from './memory-state.ts';
import { stored } from './memory-tasks.ts';

export function makeMemoryWorkflows({ workflows, steps }: MemoryState): WorkflowStore {
  const change = (id: string, to: (row: WorkflowRow) => Partial<WorkflowRow>): WorkflowRow | undefined => {
    const row = workflows.get(id);
    if (!row) return undefined;
    const next = { ...row, ...to(row) };
    workflows.set(id, next);
    return next;
  };
  return {
    store: async (row, ofIt) => {
      const existing = workflows.get(row.id);
      if (existing) return existing;
      workflows.set(row.id, stored(row));
      steps.set(row.id, stored(ofIt));
      return undefined;
    },
    read: async (id) => workflows.get(id),
    readSteps: async (id) => steps.get(id),
    addDone: async (id, member) =>
      change(id, ({ done }) => ({ done: [...new Set([...done, member])].sort((a, b) => a - b) })),
    cancel: async (id, at) => change(id, ({ cancelledAt }) => ({ cancelledAt: cancelledAt ?? at })),
    extend: async (id, expiresAt) => void change(id, () => ({ expiresAt })),
  };
}
