import { LISTING_SHARDS } from '../core/limits.ts';

/** Every key of the table is spelled here and nowhere else. */

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

const TASK = 'task#';
const BATCH = 'batch#';
const CHUNK = 'chunk#';

export const LEDGER_PREFIX = 'ledger#';
export const WORKER_PREFIX = 'worker#';
export const PAYLOAD_PREFIX = 'payload#';

export function taskKey(id: string): Key {
  return { pk: `${TASK}${id}`, sk: 'state' };
}

export function outputKey(id: string): Key {
  return { pk: `${TASK}${id}`, sk: 'output' };
}

export function payloadKey(id: string, part: number): Key {
  return { pk: `${TASK}${id}`, sk: `${PAYLOAD_PREFIX}${String(part).padStart(4, '0')}` };
}

export function batchKey(id: string): Key {
  return { pk: `${BATCH}${id}`, sk: 'batch' };
}

/** The small item of a chunk: whether it is sent. */
export function chunkKey(batch: string, chunk: number): Key {
  return { pk: `${BATCH}${batch}`, sk: `${CHUNK}${chunk}` };
}

/** The large item of a chunk, written once: its programs. Apart, since an update bills the whole item. */
export function programsKey(batch: string, chunk: number): Key {
  return { pk: `${BATCH}${batch}`, sk: `programs#${chunk}` };
}

/** The small item of a workflow: what changes of it. */
export function workflowKey(id: string): Key {
  return { pk: `workflow#${id}`, sk: 'workflow' };
}

/** The large item of a workflow, written once: what it has still to enqueue. */
export function workflowStepsKey(id: string): Key {
  return { pk: `workflow#${id}`, sk: 'steps' };
}

export function queueKey(queue: string): Key {
  return { pk: `queue#${queue}`, sk: 'queue' };
}

export function ledgerKey(queue: string, ledger: string): Key {
  return { pk: `queue#${queue}`, sk: `${LEDGER_PREFIX}${ledger}` };
}

/** Where a ledger goes that has been folded into the totals: out of the list. */
export function retiredLedgerKey(queue: string, ledger: string): Key {
  return { pk: `queue#${queue}`, sk: `retired#${ledger}` };
}

/** What folded ledgers have counted of a queue, or of a batch. */
export function foldedKey(of: { queue: string } | { batch: string }): Key {
  return { pk: 'queue' in of ? `queue#${of.queue}` : `${BATCH}${of.batch}`, sk: 'folded' };
}

export function workerKey(queue: string, worker: string): Key {
  return { pk: `queue#${queue}`, sk: `${WORKER_PREFIX}${worker}` };
}

export function catalogKey(queue: string): Key {
  return { pk: 'catalog', sk: `queue#${queue}` };
}

/** What a local stack's scheduler has to send: `id` tells a delayed task from a schedule. */
export function timerKey(queue: string, id: string): Key {
  return { pk: `timers#${queue}`, sk: id };
}

/** Index partition of all timers of a stack, by the time at which they are due. */
export const TIMERS_PARTITION = 'timers';

/** Index partition of a task or chunk: an unsharded one would stop at about 1,000 writes a second. */
export function timeIndexPartition(queue: string, shard: number): string {
  return `${queue}#${shard}`;
}

export function failedIndexPartition(queue: string, shard: number): string {
  return `failed#${queue}#${shard}`;
}

export function unsentIndexPartition(queue: string): string {
  return `unsent#${queue}`;
}

/** Sorts by time, then by name. */
export function indexSort(ms: number, name: string): string {
  return `${String(Math.floor(ms)).padStart(15, '0')}#${name}`;
}

/** The time, in ms, that an entry is sorted by. */
export function indexTime(sort: string): number {
  return Number(sort.slice(0, sort.indexOf('#')));
}

/** FNV-1a, 32 bits: spreads ids over shards; nothing depends on its strength. */
export function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash % LISTING_SHARDS;
}

/** What an index entry stands for. */
export function parseKey(
  key: Key,
): { task: string } | { chunk: { batch: string; chunk: number } } | undefined {
  if (key.pk.startsWith(TASK)) return { task: key.pk.slice(TASK.length) };
  if (key.pk.startsWith(BATCH) && key.sk.startsWith(CHUNK)) {
    return { chunk: { batch: key.pk.slice(BATCH.length), chunk: Number(key.sk.slice(CHUNK.length)) } };
  }
  return undefined;
}
