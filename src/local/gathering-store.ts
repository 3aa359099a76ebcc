import type { DynaliteStore, LevelOperation, SubDb, TableDescription } from './dynalite-internals.ts';

type Done = (error: unknown, value?: unknown) => void;

/**
 * dynalite's store for the length of one request of many statements: what its actions read and write in the same
 * moment goes to LevelDB together. A read or write alone costs a trip to a thread.
 */
export function makeGatheringStore(store: DynaliteStore): DynaliteStore {
  const tables = new Map<string, TableDescription>();
  const gets = makeGatherer<{ key: string; done: Done }>((gathered) =>
    store.db.getMany(gathered.map(({ key }) => key)),
  );
  const writes = makeGatherer<{ operation: LevelOperation; done: Done }>(async (gathered) => {
    await store.db.batch(gathered.map(({ operation }) => operation));
    return [];
  });
  const wrap = (subDb: SubDb, name: string): SubDb => ({
    lock: subDb.lock,
    get: (key, done) => gets({ key: `${name}~${key}`, done }),
    put: (key, value, done) => writes({ operation: { type: 'put', key: `${name}~${key}`, value }, done }),
    del: (key, done) => writes({ operation: { type: 'del', key: `${name}~${key}` }, done }),
  });
  return {
    ...store,
    getTable(name, checkStatus, done) {
      const known = tables.get(name);
      // Actions leave `checkStatus` out.
      const answer = typeof checkStatus === 'function' ? (checkStatus as typeof done) : done;
      if (known) return answer(null, known);
      store.getTable(name, false, (error, table) => {
        if (!error) tables.set(name, table);
        answer(error, table);
      });
    },
    getItemDb: (table) => wrap(store.getItemDb(table), `item-${table}`),
    getIndexDb: (kind, table, index) =>
      wrap(store.getIndexDb(kind, table, index), `index-${kind.toLowerCase()}~${table}~${index}`),
  };
}

/** Does together what is asked for within one turn of the event loop. */
function makeGatherer<T extends { readonly done: Done }>(
  work: (gathered: readonly T[]) => Promise<readonly unknown[]>,
): (one: T) => void {
  let waiting: T[] = [];
  const run = (): void => {
    const gathered = waiting;
    waiting = [];
    work(gathered).then(
      (values) => gathered.forEach(({ done }, at) => done(null, values[at])),
      (error: unknown) => gathered.forEach(({ done }) => done(error)),
    );
  };
  return (one) => {
    if (waiting.push(one) === 1) setImmediate(run);
  };
}
