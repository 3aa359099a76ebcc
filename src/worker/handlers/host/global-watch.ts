import process from 'node:process';

/** A property that all code of the process shares, and what it was. */
interface Shared {
  readonly owner: Record<PropertyKey, unknown>;
  readonly key: PropertyKey;
  readonly value: unknown;
  readonly name: string;
}

const NAMESPACES = ['JSON', 'Math', 'Reflect', 'Atomics'];

/**
 * Tells whether a handler has changed what it shares with every other: built-ins that were patched and not put back,
 * things added to `Object.prototype`. It takes what there is when it is made, so what the modules of handlers changed
 * while they were loaded counts as given: each process for handlers has that.
 *
 * Once made it calls nothing that could have been patched; and it compares values alone, since it is asked after each call.
 */
export class GlobalWatch {
  readonly #shared: readonly Shared[];
  readonly #ownKeys = Reflect.ownKeys;
  readonly #prototype = Object.prototype;
  readonly #prototypeKeys = Reflect.ownKeys(Object.prototype).length;

  constructor() {
    const shared = sharedBy(globalThis, '', isObject);
    for (const name of Reflect.ownKeys(globalThis)) {
      const value = Reflect.getOwnPropertyDescriptor(globalThis, name)?.value as unknown;
      if (typeof name !== 'string' || !isObject(value)) continue;
      if (typeof value === 'function') {
        shared.push(...sharedBy(value, `${name}.`));
        const prototype = Reflect.getOwnPropertyDescriptor(value, 'prototype')?.value as unknown;
        if (isObject(prototype)) shared.push(...sharedBy(prototype, `${name}.prototype.`));
      } else if (NAMESPACES.includes(name)) shared.push(...sharedBy(value, `${name}.`));
    }
    const typedArray = Reflect.getPrototypeOf(Uint8Array.prototype);
    if (typedArray) shared.push(...sharedBy(typedArray, 'TypedArray.prototype.'));
    for (const name of ['process', 'console'] as const)
      shared.push(...sharedBy(globalThis[name], `${name}.`));
    for (const name of ['stdout', 'stderr'] as const)
      shared.push(...sharedBy(process[name], `process.${name}.`));
    this.#shared = shared;
  }

  /** The first that is not what it was. */
  findChange(): string | undefined {
    const shared = this.#shared;
    for (let at = 0; at < shared.length; at += 1) {
      const { owner, key, value, name } = shared[at]!;
      if (owner[key] !== value) return name;
    }
    const hasMore = this.#ownKeys(this.#prototype).length !== this.#prototypeKeys;
    return hasMore ? 'Object.prototype' : undefined;
  }
}

/** By default functions alone: Node and V8 keep numbers and states of their own in some of these objects. */
function sharedBy(
  object: object,
  prefix: string,
  isWatched: (value: unknown) => boolean = (value) => typeof value === 'function',
): Shared[] {
  const owner = object as Record<PropertyKey, unknown>;
  return Reflect.ownKeys(object).flatMap((key) => {
    const value = Reflect.getOwnPropertyDescriptor(object, key)?.value as unknown; // none: a getter, often a lazy one
    return isWatched(value) ? { owner, key, value, name: `${prefix}${String(key)}` } : [];
  });
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
