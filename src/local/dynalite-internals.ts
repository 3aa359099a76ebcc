import { createRequire } from 'node:module';
import type { Server } from 'node:http';
import process from 'node:process';
import dynalite, { type DynaliteOptions } from 'dynalite';
import { rememberParses, type ExpressionParser } from './remember-parses.ts';

/*
 * dynalite (4.0.0, pinned) exports only the whole server. Its store and two of its actions are taken from beside its
 * entry; test/local/embedded-statements.test.ts covers them.
 */

export type AttributeValue = Readonly<Record<string, unknown>>;
export type DynaliteItem = Record<string, AttributeValue>;

/** One of the databases that dynalite keeps in its LevelDB. */
export interface SubDb {
  get(key: string, done: (error: unknown, value?: unknown) => void): void;
  put(key: string, value: unknown, done: (error: unknown) => void): void;
  del(key: string, done: (error: unknown) => void): void;
  readonly lock: unknown;
}

export interface TableDescription {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
}

/** Operations of the LevelDB below: keys of a sub-database begin with its name and `~`. */
export type LevelOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

/** The LevelDB, or what stands for it in memory. */
interface LevelDb {
  readonly status: string;
  get: (key: string, done?: (error: unknown, value?: unknown) => void) => unknown;
  getSync(key: string): unknown;
  batch(operations: LevelOperation[]): Promise<void>;
}

export interface DynaliteStore {
  readonly db: LevelDb;
  getTable(name: string, checkStatus: boolean, done: (error: unknown, table: TableDescription) => void): void;
  getItemDb(table: string): SubDb;
  getIndexDb(kind: string, table: string, index: string): SubDb;
}

/** An expression as dynalite's parsers give it; paths are arrays. */
export type Expression = {
  readonly type: string;
  readonly name?: string;
  readonly args: readonly (Expression | AttributeValue | readonly string[])[];
};

export interface ActionInput {
  readonly TableName: string;
  readonly Item?: DynaliteItem;
  readonly Key?: DynaliteItem;
  readonly _condition: { readonly expression: Expression };
  readonly _updates?: {
    readonly sections: readonly {
      type: 'set' | 'remove';
      path: readonly string[];
      val?: Expression | AttributeValue;
    }[];
    readonly paths: readonly (readonly string[])[];
    readonly nestedPaths: Readonly<Record<string, never>>;
  };
}

/** dynalite's own way of saying what was wrong with a request. */
export interface ActionError extends Error {
  readonly body?: { readonly __type: string; readonly message?: string };
}

export type Action = (
  store: DynaliteStore,
  input: ActionInput,
  done: (error: ActionError | null | undefined) => void,
) => void;

const require = createRequire(createRequire(import.meta.url).resolve('dynalite'));

for (const name of ['conditionParser', 'updateParser'])
  rememberParses(require(`./db/${name}`) as ExpressionParser);

/** Makes the server, not yet listening, and keeps hold of its store. */
export function makeDynalite(options: DynaliteOptions): { server: Server; store: DynaliteStore } {
  const db = require('./db') as { create: (options: object) => DynaliteStore };
  const { create } = db;
  let store: DynaliteStore | undefined;
  db.create = (given) => {
    store = create(given);
    readAtOnce(store.db);
    return store;
  };
  try {
    const server = dynalite(options);
    if (!store) throw new Error('expected dynalite 4.0.0, which makes its store when it makes its server');
    return { server, store };
  } finally {
    db.create = create;
  }
}

/** A value is read in some microseconds, most of them JSON; a thread and back takes more, some hundred when it had slept. */
function readAtOnce(db: LevelDb): void {
  const get = db.get.bind(db);
  db.get = (key, done) => {
    // What is asked for while it opens comes here again, with options in the place of `done`, and wants a promise.
    if (typeof done !== 'function' || db.status !== 'open') return get(key, done);
    try {
      process.nextTick(done, null, db.getSync(key));
    } catch (error) {
      process.nextTick(done, error);
    }
  };
}

export function loadActions(): { putItem: Action; updateItem: Action } {
  return {
    putItem: require('./actions/putItem') as Action,
    updateItem: require('./actions/updateItem') as Action,
  };
}

/** Says what is wrong with an attribute value. What dynalite's actions are given must have passed this: they throw where nobody catches. */
export function loadValueCheck(): (value: unknown) => string | undefined {
  const { validateAttributeValue: validate } = require('./validations') as {
    validateAttributeValue: (value: object) => string | null | undefined;
  };
  return (value) => {
    try {
      const [content, ...more] = Object.values(value as object) as unknown[];
      const isPlain = more.length === 0 && content !== null && content !== undefined;
      return isPlain ? (validate(value as object) ?? undefined) : 'expected one attribute value';
    } catch {
      return 'expected an attribute value';
    }
  };
}
