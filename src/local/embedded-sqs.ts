import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { PortWish } from './choose-port.ts';
import {
  buildFauxqsApp,
  inTransaction,
  loadFauxqs,
  mendPersistence,
  mendStore,
  type FauxqsPersistence,
  type FauxqsStore,
} from './fauxqs-internals.ts';
import { startGuardedServer, type RunningServer } from './guarded-server.ts';

/** How to start SQS on this machine. */
export interface EmbeddedSqsOptions {
  readonly port: PortWish;
  /** The folder of the SQLite file `fauxqs.db`, made if absent; null keeps all in memory. */
  readonly dataDir: string | null;
  /** The one access key id that is let in. */
  readonly key: string;
}

/**
 * Starts SQS (fauxqs) on loopback behind the guard. With a `dataDir`, whatever was acknowledged outlives a
 * `kill -9`: queues, messages, delays, receive counts, and messages in flight with their receipt handles and
 * deadlines. Queues are known by name: after a start on another port only the host in their URLs differs, and
 * a URL of before still names its queue, but an SDK that takes the endpoint from it would ask the old port.
 * @throws Error when an explicit port, or the data, is in another process's hands.
 */
export async function startEmbeddedSqs(options: EmbeddedSqsOptions): Promise<RunningServer> {
  const fauxqs = await loadFauxqs();
  const sqsStore = new fauxqs.SqsStore();
  const snsStore = new fauxqs.SnsStore();
  const persistence =
    options.dataDir === null ? undefined : openPersistence(fauxqs.PersistenceManager, options.dataDir);

  const asker = new AsyncLocalStorage<ServerResponse>();
  let url = '';
  mendStore(
    sqsStore,
    () => url,
    () => asker.getStore()?.closed ?? false,
  );

  const app = buildFauxqsApp({ sqsStore, snsStore, s3Store: new fauxqs.S3Store() });
  // The last hook before the handler: earlier ones lose the context while the body is read.
  // Handlers write before they first wait, and are answered after that: what is acknowledged is committed.
  app.addHook('preHandler', (_request, reply, done) =>
    asker.run(reply.raw, () => inTransaction(persistence, done)),
  );
  const stop = async (): Promise<void> => {
    // Answers the long polls at once, and ends when all that was being served has its answer.
    await app.close();
    persistence?.close();
  };
  try {
    await app.ready();
    const server = await startGuardedServer({ ...options, server: app.server, scheme: 'sigv4', stop });
    // Nothing was served yet: the socket began to listen in this same turn of the event loop.
    url = server.url;
    if (persistence !== undefined) loadQueues(persistence, sqsStore, snsStore);
    return server;
  } catch (error) {
    await stop();
    throw error;
  }
}

function openPersistence(
  PersistenceManager: new (dataDir: string) => FauxqsPersistence,
  dataDir: string,
): FauxqsPersistence {
  try {
    const persistence = new PersistenceManager(dataDir);
    mendPersistence(persistence);
    return persistence;
  } catch (error) {
    if (!/database is locked/.test(String(error))) throw error;
    throw new Error(
      `Expected ${join(dataDir, 'fauxqs.db')} to be free, but another process holds it: ` +
        'stop the stack that runs on this folder, or give this one another folder.',
      { cause: error },
    );
  }
}

/**
 * Reads what was kept, and from then on writes through. In this order: a queue that is written while its
 * messages are still being read would be replaced, and its messages deleted with it.
 */
function loadQueues(persistence: FauxqsPersistence, sqsStore: FauxqsStore, snsStore: object): void {
  persistence.loadSqsAndSns(sqsStore, snsStore);
  sqsStore.persistence = persistence;
  for (const queue of sqsStore.allQueues()) queue.persistence = persistence;
}
