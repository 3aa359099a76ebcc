import { describe, expect, test } from 'vitest';
import type { BatchRow, ChunkRow } from '../../src/core/batch-row.ts';
import { anyId, eventually, type UseBackend } from './backend.ts';

/** What src/core expects of a BatchStore. */
export function batchStoreContract(use: UseBackend): void {
  describe('a batch store', () => {
    const chunkOf = (queue: string, more: Partial<ChunkRow> = {}): ChunkRow => ({
      batch: anyId(),
      chunk: 3,
      queue,
      hash: 'h',
      createdAt: 1000,
      tasks: [{ line: 7, task: { command: 'echo "ä 🙂"', env: { A: '' }, maxAttempts: 2 } }],
      sent: false,
      ...more,
    });

    test('stores a chunk once', () =>
      use(async ({ ports: { batches }, queue }) => {
        const chunk = chunkOf(queue);
        expect(await batches.readChunk(chunk.batch, 3)).toBeUndefined();
        expect(await batches.storeChunk(chunk)).toBeUndefined();
        expect(await batches.storeChunk({ ...chunk, createdAt: 2000 })).toMatchObject({
          hash: 'h',
          createdAt: 1000,
        });
        expect((await batches.storeChunk({ ...chunk, hash: 'other', tasks: [] }))?.hash).toBe('h');
        expect(await batches.readChunk(chunk.batch, 3)).toEqual(chunk);
        expect(await batches.readChunk(chunk.batch, 4)).toBeUndefined();
      }));

    test('remembers that a chunk is sent', () =>
      use(async ({ ports: { batches }, queue }) => {
        const chunk = chunkOf(queue);
        await expect(batches.markSent(chunk.batch, 3)).rejects.toThrow();
        await batches.storeChunk(chunk);
        await batches.markSent(chunk.batch, 3);
        await batches.markSent(chunk.batch, 3);
        expect((await batches.readChunk(chunk.batch, 3))?.sent).toBe(true);
        expect((await batches.storeChunk(chunk))?.sent).toBe(true);
      }));

    test('lists the chunks that were not sent in time', () =>
      use(async (backend) => {
        const { batches } = backend.ports;
        const { queue } = backend;
        const [sent, unsent, young] = [chunkOf(queue), chunkOf(queue), chunkOf(queue, { createdAt: 5000 })];
        for (const chunk of [sent, unsent, young, chunkOf(anyId())]) await batches.storeChunk(chunk);
        await batches.markSent(sent.batch, 3);
        const list = async () =>
          (await batches.unsentChunks(queue, 5000)).map(({ batch, chunk }) => ({ batch, chunk }));
        const found = await eventually(backend, list, (all) => all.length === 1);
        expect(found).toEqual([{ batch: unsent.batch, chunk: 3 }]);
      }));

    test('replaces a batch by its revision', () =>
      use(async ({ ports: { batches }, queue }) => {
        const row: BatchRow = {
          id: anyId(),
          queue,
          createdAt: 1000,
          total: 5,
          upTo: 1,
          ahead: [3],
          revision: 1,
        };
        expect(await batches.read(row.id)).toBeUndefined();
        expect(await batches.replace(row, 1)).toBe(false);
        expect(await batches.replace(row, 0)).toBe(true);
        expect(await batches.replace(row, 0)).toBe(false);
        expect(await batches.read(row.id)).toEqual(row);
        const next = { ...row, total: 6, ahead: [], revision: 2 };
        const races = [1, 2, 3].map(() => batches.replace(next, 1));
        expect((await Promise.all(races)).filter(Boolean)).toHaveLength(1);
        expect(await batches.read(row.id)).toEqual(next);
      }));
  });
}
