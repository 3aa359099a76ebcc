import type { DatabaseSync } from 'node:sqlite';
import { buildApp } from 'fauxqs';

/*
 * fauxqs (2.4.1, pinned) exports only the whole server, which listens on every interface. Its parts are taken
 * from beside its entry, and their defects are mended here; test/local/embedded-sqs.test.ts covers each.
 */

/** What is used of a queue in fauxqs. */
export interface FauxqsQueue {
  readonly name: string;
  persistence?: FauxqsPersistence;
  dequeue(maxCount: number, ...rest: unknown[]): unknown[];
}

/** What is used of fauxqs' store of queues, all of it in memory. */
export interface FauxqsStore {
  /** Falsy: queue URLs are made by `buildQueueUrl` alone. */
  host: string | undefined;
  persistence?: FauxqsPersistence;
  createQueue(name: string, url: string, ...rest: unknown[]): FauxqsQueue;
  getQueue(url: string): FauxqsQueue | undefined;
  getQueueByArn(arn: string): FauxqsQueue | undefined;
  getQueueByName(name: string): FauxqsQueue | undefined;
  buildQueueUrl(queueName: string): string;
  allQueues(): Iterable<FauxqsQueue>;
}

/** What is used of the SQLite file that the store writes through to. */
export interface FauxqsPersistence {
  readonly db: DatabaseSync;
  updateMessageReady(messageId: string): void;
  loadSqsAndSns(sqs: FauxqsStore, sns: object): void;
  close(): void;
}

interface Internals {
  SqsStore: new () => FauxqsStore;
  SnsStore: new () => object;
  S3Store: new () => object;
  PersistenceManager: new (dataDir: string) => FauxqsPersistence;
  INVALID_MESSAGE_BODY_CHAR: RegExp;
}

/** Loads the inner modules of fauxqs. @throws Error when the installed version is built otherwise. */
export async function loadFauxqs(): Promise<Internals> {
  const load = async <T>(path: string): Promise<T> =>
    (await import(new URL(path, import.meta.resolve('fauxqs')).href)) as T;
  const internals: Internals = {
    ...(await load<Pick<Internals, 'SqsStore'>>('sqs/sqsStore.js')),
    ...(await load<Pick<Internals, 'INVALID_MESSAGE_BODY_CHAR'>>('sqs/sqsTypes.js')),
    ...(await load<Pick<Internals, 'SnsStore'>>('sns/snsStore.js')),
    ...(await load<Pick<Internals, 'S3Store'>>('s3/s3Store.js')),
    ...(await load<Pick<Internals, 'PersistenceManager'>>('persistence.js')),
  };
  acceptAllOfUnicode(internals.INVALID_MESSAGE_BODY_CHAR);
  return internals;
}

/** fauxqs' app over these stores; its types want the classes themselves. */
export function buildFauxqsApp(stores: { sqsStore: FauxqsStore; snsStore: object; s3Store: object }) {
  type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
  return buildApp({ logger: false, stores: stores as unknown as Stores });
}

/**
 * SQS takes U+10000 and above (an emoji); the pattern lacks the `u` flag, meets halves of pairs and refuses.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
function acceptAllOfUnicode(pattern: RegExp): void {
  const invalid = /[^\x09\x0A\x0D\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
  pattern.test = (text) => invalid.test(text);
}

/**
 * Mends the file's part: handing a message back (visibility 0) wrote NULL into a NOT NULL column, failed, and
 * left the message in no list at all until the next start. It keeps its receive count now, as in SQS.
 */
export function mendPersistence(persistence: FauxqsPersistence): void {
  // A kill -9 leaves what the kernel has, so syncing each write to the disk buys nothing here (3 times slower).
  // The exclusive lock makes a second process on the same file fail instead of losing the other's messages.
  persistence.db.exec(
    'PRAGMA synchronous = NORMAL; PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT',
  );
  const ready = persistence.db.prepare(
    'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?',
  );
  persistence.updateMessageReady = (messageId) => void ready.run(messageId);
}

/**
 * Mends the store's part: queues are found by name alone (the file keeps one queue a name, and creating it in
 * a second region would delete the first one's messages), and their URLs are those of this start.
 * @param isGone whether the caller of the current `dequeue` can no longer be answered.
 */
export function mendStore(store: FauxqsStore, baseUrl: () => string, isGone: () => boolean): void {
  store.host = undefined;
  store.buildQueueUrl = (name) => `${baseUrl()}/000000000000/${name}`;
  store.getQueue = (url) => store.getQueueByName(url.slice(url.lastIndexOf('/') + 1));
  store.getQueueByArn = (arn) => store.getQueueByName(arn.slice(arn.lastIndexOf(':') + 1));
  const createQueue = store.createQueue.bind(store);
  store.createQueue = (name, _url, ...rest) => {
    const queue = createQueue(name, store.buildQueueUrl(name), ...rest);
    const dequeue = queue.dequeue.bind(queue);
    queue.dequeue = (...args) => {
      // A long poll outlives its client; what it took would stay hidden from all for the visibility timeout.
      if (isGone()) return [];
      return inTransaction(queue.persistence, () => dequeue(...args));
    };
    return queue;
  };
}

/**
 * Does what is written to the file together. A move to the dead-letter queue is a delete and an insert: a kill between
 * them would lose the message. And the ten messages of a batch cost the file twice as much by themselves.
 */
export function inTransaction<T>(persistence: FauxqsPersistence | undefined, work: () => T): T {
  if (persistence === undefined || persistence.db.isTransaction) return work();
  persistence.db.exec('BEGIN');
  try {
    const result = work();
    persistence.db.exec('COMMIT');
    return result;
  } catch (error) {
    persistence.db.exec('ROLLBACK');
    throw error;
  }
}
