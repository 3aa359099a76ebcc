import { describe, expect, test } from 'vitest';
import { workflowId, type WorkflowRow } from '../../src/core/workflow-row.ts';
import { anyId, type UseBackend } from './backend.ts';

/** What src/core expects of a WorkflowStore. */
export function workflowStoreContract(use: UseBackend): void {
  describe('a workflow store', () => {
    const STEPS = [{ command: 'echo "ä 🙂"' }, { handler: 'sum', args: { of: [1, null] }, into: 'last' }];
    const rowOf = (queue: string, more: Partial<WorkflowRow> = {}): WorkflowRow => ({
      id: workflowId(anyId()),
      kind: 'set',
      queue,
      hash: 'h',
      createdAt: 1000,
      total: 3,
      evenIfFailed: true,
      done: [],
      expiresAt: 4_000_000_000,
      ...more,
    });

    test('stores a workflow once, and its steps with it', () =>
      use(async ({ ports: { workflows }, queue }) => {
        const row = rowOf(queue);
        expect(await workflows.read(row.id)).toBeUndefined();
        expect(await workflows.readSteps(row.id)).toBeUndefined();
        expect(await workflows.store(row, STEPS)).toBeUndefined();
        expect(await workflows.store({ ...row, createdAt: 2000 }, STEPS)).toEqual(row);
        expect((await workflows.store({ ...row, hash: 'other' }, []))?.hash).toBe('h');
        expect(await workflows.read(row.id)).toEqual(row);
        expect(await workflows.readSteps(row.id)).toEqual(STEPS);
      }));

    test('counts a member once, however often it is added, and by whom', () =>
      use(async ({ ports: { workflows }, queue }) => {
        const row = rowOf(queue);
        expect(await workflows.addDone(row.id, 1)).toBeUndefined();
        expect(await workflows.read(row.id)).toBeUndefined();
        await workflows.store(row, STEPS);
        expect(await workflows.addDone(row.id, 2)).toEqual({ ...row, done: [2] });
        expect(await workflows.addDone(row.id, 2)).toEqual({ ...row, done: [2] });
        const answers = await Promise.all([1, 3, 1, 3].map((member) => workflows.addDone(row.id, member)));
        expect(answers.some((answer) => answer?.done.length === 3)).toBe(true);
        expect((await workflows.read(row.id))?.done).toEqual([1, 2, 3]);
      }));

    test('remembers when it was cancelled first, and answers what was done by then', () =>
      use(async ({ ports: { workflows }, queue }) => {
        const row = rowOf(queue);
        expect(await workflows.cancel(row.id, 5000)).toBeUndefined();
        await workflows.store(row, STEPS);
        await workflows.addDone(row.id, 1);
        expect(await workflows.cancel(row.id, 5000)).toEqual({ ...row, done: [1], cancelledAt: 5000 });
        expect((await workflows.cancel(row.id, 6000))?.cancelledAt).toBe(5000);
        expect((await workflows.addDone(row.id, 2))?.cancelledAt).toBe(5000);
      }));

    test('keeps it for longer', () =>
      use(async ({ ports: { workflows }, queue }) => {
        const row = rowOf(queue);
        await workflows.extend(row.id, 4_100_000_000);
        expect(await workflows.read(row.id)).toBeUndefined();
        await workflows.store(row, STEPS);
        await workflows.extend(row.id, 4_100_000_000);
        expect(await workflows.read(row.id)).toEqual({ ...row, expiresAt: 4_100_000_000 });
      }));
  });
}
