import { expect, it, vi } from 'vitest';
import {
  loadFauxqs,
  mendPersistence,
  mendStore,
  type FauxqsStore,
} from '../../src/local/fauxqs-internals.ts';
import { makeTempDir } from './temp-dir.ts';

interface Queue {
  enqueue(message: object): void;
  dequeue(maxCount: number, visibilitySeconds: number, deadLetters: (arn: string) => unknown): unknown[];
  readonly messages: { readonly body: string }[];
}

it('has a message either in its queue or in the dead-letter queue, wherever a move is cut short', async () => {
  const fauxqs = await loadFauxqs();
  const dataDir = makeTempDir();
  const open = (): { store: FauxqsStore; persistence: InstanceType<typeof fauxqs.PersistenceManager> } => {
    const persistence = new fauxqs.PersistenceManager(dataDir);
    mendPersistence(persistence);
    const store = new fauxqs.SqsStore();
    mendStore(
      store,
      () => 'http://x',
      () => false,
    );
    persistence.loadSqsAndSns(store, new fauxqs.SnsStore());
    store.persistence = persistence;
    return { store, persistence };
  };

  const { store, persistence } = open();
  store.createQueue('dead', '', 'arn:dead', {});
  const policy = JSON.stringify({ deadLetterTargetArn: 'arn:dead', maxReceiveCount: 0 });
  const queue = store.createQueue('q', '', 'arn:q', { RedrivePolicy: policy }) as unknown as Queue;
  const { createMessage } = fauxqs.SqsStore as unknown as { createMessage: (body: string) => object };
  queue.enqueue(createMessage('a'));
  vi.spyOn(persistence as unknown as { insertMessage: () => void }, 'insertMessage').mockImplementation(
    () => {
      throw new Error('cut short');
    },
  );
  expect(() => queue.dequeue(1, 60, (arn) => store.getQueueByArn(arn))).toThrow('cut short');
  persistence.close();

  const again = open();
  const kept = [...again.store.allQueues()].flatMap(({ name, ...rest }) =>
    (rest as unknown as Queue).messages.map(({ body }) => [name, body]),
  );
  again.persistence.close();
  expect(kept).toEqual([['q', 'a']]);
});
