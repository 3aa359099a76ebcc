import type { DynaliteStore, LevelOperation, SubDb, TableDescription } from './dynalite-internals.ts';

interface Write {
  readonly operation: LevelOperation;
  readonly done: (error: unknown) => void;
}

/**
 * dynalite's store for the length of one request of many statements: what its actions write in the same moment goes to
 * LevelDB together. A write alone costs a trip to a thread.
 */
export function makeGatheringStore(store: DynaliteStore): DynaliteStore {
  const tables = new Map<string, TableDescription>();
  const writes = makeGatherer(store);
  const wrap = (subDb: SubDb, name: string): SubDb => ({
    lock: subDb.lock,
    get: (key, done) => subDb.get(key, done),
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

/** Writes together what is asked for within one turn of the event loop. */
function makeGatherer({ db }: DynaliteStore): (write: Write) => void {
  let waiting: Write[] = [];
  const run = (): void => {
    const gathered = waiting;
    waiting = [];
    db.batch(gathered.map(({ operation }) => operation)).then(
      () => gathered.forEach(({ done }) => done(null)),
      (error: unknown) => gathered.forEach(({ done }) => done(error)),
    );
  };
  return (write) => {
    if (waiting.push(write) === 1) setImmediate(run);
  };
}
