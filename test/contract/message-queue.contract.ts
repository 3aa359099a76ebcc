import { describe, expect, test } from 'vitest';
import type { MessageQueue, ReceivedMessage } from '../../src/core/ports.ts';
import { eventually, type Backend, type UseBackend } from './backend.ts';

/** What src/core expects of a MessageQueue; order, and that a message comes once, it does not. */
export function messageQueueContract(use: UseBackend): void {
  describe('a message queue', () => {
    const mainOf = ({ ports, queue }: Backend): MessageQueue => ports.messages.main(queue);
    const receiveAll = async (queue: MessageQueue, count: number): Promise<ReceivedMessage[]> => {
      const all: ReceivedMessage[] = [];
      for (let tries = 0; all.length < count && tries < 50; tries += 1)
        all.push(...(await queue.receive(10, 1)));
      return all;
    };

    test('brings back what was sent, envelopes and raw messages alike', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        const bodies = ['plain', '{"id":"a"}', ' ä 🙂\n', 'x'.repeat(200_000)];
        await queue.send(
          bodies.map((body, n) => ({ body, ...(n === 1 && { version: '1', tenant: 'acme' }) })),
        );
        const got = await receiveAll(queue, 4);
        expect(got.map(({ body }) => body).sort()).toEqual([...bodies].sort());
        const envelope = got.find(({ version }) => version !== undefined);
        expect(envelope).toMatchObject({ version: '1', body: '{"id":"a"}' });
        // An emulator need not tell the tenant: it only decides who comes first.
        expect(['acme', undefined]).toContain(envelope?.tenant);
        for (const { messageId, receipt, sentAt } of got) {
          expect([messageId !== '', receipt !== '', sentAt > 0]).toEqual([true, true, true]);
        }
      }));

    test('takes more messages at once than one request holds, and gives at most ten', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        await queue.send(Array.from({ length: 25 }, (_, n) => ({ body: `${n}` })));
        await queue.send([]);
        expect((await queue.receive(2, 1)).length).toBeLessThanOrEqual(2);
        const first = await queue.receive(10, 1);
        expect(first.length).toBeLessThanOrEqual(10);
        await queue.delete(first.map(({ receipt }) => receipt));
      }));

    test('shows nobody else a message that is in flight, and nobody one that is deleted', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        await queue.send([{ body: 'a' }]);
        const [message] = await receiveAll(queue, 1);
        expect(await queue.receive(10, 0)).toEqual([]);
        await queue.delete([message?.receipt ?? '']);
        await queue.delete([]);
        const counts = await eventually(
          backend,
          () => queue.counts(),
          ({ inFlight }) => inFlight === 0,
        );
        expect(counts).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
      }));

    test('brings a message again when its visibility is over', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        await queue.send([{ body: 'a' }]);
        const [first] = await receiveAll(queue, 1);
        await queue.setVisibility([{ receipt: first?.receipt ?? '', seconds: 0 }]);
        await queue.setVisibility([]);
        const [second] = await receiveAll(queue, 1);
        expect([second?.messageId, second?.body]).toEqual([first?.messageId, 'a']);
        expect(second?.receipt).not.toBe(first?.receipt);
        await queue.setVisibility([{ receipt: second?.receipt ?? '', seconds: 0.4 }]);
        await backend.pass(1200);
        expect(await receiveAll(queue, 1)).toHaveLength(1);
      }));

    test('hides what is received for as long as the receive says', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        await queue.send([{ body: 'a' }]);
        const [first] = await queue.receive(1, 1, undefined, 1);
        await backend.pass(1200);
        const [second] = await receiveAll(queue, 1);
        expect([first?.body, second?.messageId]).toEqual(['a', first?.messageId]);
      }));

    test('holds back what is delayed, and counts each message where it is', () =>
      use(async (backend) => {
        const queue = mainOf(backend);
        await queue.send([{ body: 'now' }, { body: 'now, too' }, { body: 'later', delaySeconds: 2 }]);
        expect((await queue.receive(1, 1)).map(({ body }) => body)).not.toContain('later');
        const counts = await eventually(
          backend,
          () => queue.counts(),
          ({ delayed }) => delayed === 1,
        );
        expect(counts).toEqual({ visible: 1, delayed: 1, inFlight: 1 });
        await backend.pass(2100);
        const rest = await receiveAll(queue, 2);
        expect(rest.map(({ body }) => body)).toContain('later');
      }));

    test('gives up a long poll when it is told to', () =>
      use(async (backend) => {
        const stop = new AbortController();
        const poll = mainOf(backend)
          .receive(1, 2, stop.signal)
          .catch(() => []);
        stop.abort();
        expect(await poll).toEqual([]);
      }));

    test('has dead letters of its own', () =>
      use(async ({ ports, queue }) => {
        const dead = ports.messages.dead(queue);
        await dead.send([{ body: 'dead' }]);
        expect(await ports.messages.main(queue).receive(10, 0)).toEqual([]);
        expect((await receiveAll(dead, 1)).map(({ body }) => body)).toEqual(['dead']);
      }));
  });
}
