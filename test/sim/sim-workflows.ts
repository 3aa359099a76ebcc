import type { WorkflowStore } from '../../src/core/workflow-store.ts';
import type { WorkflowRow } from '../../src/core/workflow-row.ts';
import { request } from './requests.ts';
import type { SimProcess } from './sim-process.ts';

/** Workflows in DynamoDB: two items, each with its own request, as in src/aws/dynamo-workflow-store.ts. */
export function makeSimWorkflows(process: SimProcess): WorkflowStore {
  const { workflows, steps } = process.world.tables;
  const read = (id: string) => request(process, 'read workflow', () => workflows.get(id));
  const change = (call: string, id: string, to: (row: WorkflowRow) => Partial<WorkflowRow>) =>
    request(
      process,
      call,
      () => {
        const row = workflows.get(id);
        if (!row) return undefined;
        const next = { ...row, ...to(row) };
        workflows.set(id, next);
        return next;
      },
      (row) => JSON.stringify(row ?? 'no row'),
    );
  return {
    read,
    async store(row, ofIt) {
      await request(process, 'set up steps', () => {
        if (!steps.has(row.id)) steps.set(row.id, ofIt);
      });
      const isNew = await request(
        process,
        'set up workflow',
        () => {
          if (workflows.has(row.id)) return false;
          workflows.set(row.id, row);
          return true;
        },
        (done) => `${row.id} ${done ? '' : 'REFUSED'}`,
      );
      return isNew ? undefined : read(row.id);
    },
    readSteps: (id) => request(process, 'read steps', () => steps.get(id)),
    addDone: (id, member) =>
      change('set member done', id, ({ done }) => ({
        done: [...new Set([...done, member])].sort((a, b) => a - b),
      })),
    cancel: (id, at) =>
      change('cancel workflow', id, ({ cancelledAt }) => ({ cancelledAt: cancelledAt ?? at })),
    extend: async (id, expiresAt) => void (await change('set expiry', id, () => ({ expiresAt }))),
  };
}
