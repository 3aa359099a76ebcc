import { describe, expect, test } from 'vitest';
import type { WorkerReport } from '../../src/core/queue-control.ts';
import type { UseBackend } from './backend.ts';

/** What src/core expects of a QueueStore. */
export function queueStoreContract(use: UseBackend): void {
  describe('a queue store', () => {
    test('knows a queue that nobody has touched as running', () =>
      use(async ({ ports: { queues }, queue }) => {
        expect(await queues.readControl(queue)).toEqual({ paused: false, purgedBefore: 0, cancels: 0 });
        expect(await queues.workers(queue)).toEqual([]);
      }));

    test('pauses and resumes', () =>
      use(async ({ ports: { queues }, queue }) => {
        for (const isPaused of [true, true, false, true]) {
          await queues.setPaused(queue, isPaused);
          expect((await queues.readControl(queue)).paused).toBe(isPaused);
        }
        await Promise.all([1, 2, 3].map(() => queues.setPaused(queue, false)));
        expect((await queues.readControl(queue)).paused).toBe(false);
      }));

    test('moves the time of a purge forward only', () =>
      use(async ({ ports: { queues }, queue }) => {
        for (const at of [1000, 3000, 2000]) await queues.setPurgedBefore(queue, at);
        expect((await queues.readControl(queue)).purgedBefore).toBe(3000);
      }));

    test('counts cancel requests, and leaves the rest as it is', () =>
      use(async ({ ports: { queues }, queue }) => {
        await queues.setPaused(queue, true);
        await queues.setPurgedBefore(queue, 7);
        await Promise.all([1, 2, 3, 4, 5].map(() => queues.noteCancel(queue)));
        expect(await queues.readControl(queue)).toEqual({ paused: true, purgedBefore: 7, cancels: 5 });
      }));

    test('remembers what is known of the age of its messages, beside the rest', () =>
      use(async ({ ports: { queues }, queue }) => {
        await queues.setRenewal(queue, { emptyAt: 0, lookAt: 5000 });
        await queues.setPaused(queue, true);
        await queues.setRenewal(queue, { emptyAt: 4000, lookAt: 9000 });
        const control = await queues.readControl(queue);
        expect(control).toMatchObject({ paused: true, renewal: { emptyAt: 4000, lookAt: 9000 } });
      }));

    test('notes the messages that are left for newer workers, and what each worker has left', () =>
      use(async ({ ports: { queues }, queue }) => {
        const note = { version: 1, count: 3, until: 5000 };
        await queues.noteNewer(queue, { ...note, count: 2 });
        await queues.noteNewer(queue, note);
        expect((await queues.readControl(queue)).newer).toEqual(note);
        const report = { worker: 'one', slots: 4, busy: 0, held: 0, batches: {}, newer: 3, at: 1000 };
        await queues.reportWorker(queue, report, 4e9);
        expect(await queues.workers(queue)).toEqual([report]);
      }));

    test('shows the last report of each worker until it takes it back', () =>
      use(async ({ ports: { queues }, queue }) => {
        const report = (worker: string, busy: number): WorkerReport => ({
          worker,
          slots: 4,
          busy,
          held: busy,
          batches: { b: busy },
          at: 1000,
        });
        await queues.reportWorker(queue, report('one', 1), 4e9);
        await queues.reportWorker(queue, report('one', 2), 4e9);
        await queues.reportWorker(queue, report('two', 3), 4e9);
        const shown = [...(await queues.workers(queue))].sort((a, b) => (a.worker < b.worker ? -1 : 1));
        expect(shown).toEqual([report('one', 2), report('two', 3)]);
        await queues.removeWorker(queue, 'one');
        await queues.removeWorker(queue, 'one');
        expect(await queues.workers(queue)).toEqual([report('two', 3)]);
      }));
  });
}
