import { PROTOCOL_VERSION } from '../core/envelope.ts';
import { NewerRowError, toShownRow } from '../core/newer-row.ts';
import type { TaskRow } from '../core/task-row.ts';
import { fromItem, type Item } from './dynamo.ts';
import { parseKey } from './keys.ts';

type Plain = Readonly<Record<string, unknown>>;

const KEYS = new Set(['pk', 'sk', 'gq', 'gt', 'fq', 'ft', 'v', 'ledger', 'ledgerN']);

/** A state item → the row, to be judged. @throws NewerRowError */
export function toTaskRow(item: Item): TaskRow {
  const plain = fromItem(item);
  const version = newerVersionOf(plain);
  if (version !== undefined) throw new NewerRowError(idOf(plain), version);
  return toRow(plain);
}

/** A state item → the row, to be shown, whatever version wrote it. */
export function toShownTaskRow(item: Item): TaskRow {
  const plain = fromItem(item);
  const version = newerVersionOf(plain);
  return version === undefined ? toRow(plain) : toShownRow(idOf(plain), version, plain);
}

function newerVersionOf({ v }: Plain): number | undefined {
  return typeof v === 'number' && v > PROTOCOL_VERSION ? v : undefined;
}

function idOf(plain: Plain): string {
  const key = parseKey({ pk: String(plain['pk']), sk: 'state' });
  return key && 'task' in key ? key.task : String(plain['pk']);
}

function toRow(plain: Plain): TaskRow {
  const id = idOf(plain);
  const row: Record<string, unknown> = { id };
  for (const [name, value] of Object.entries(plain)) if (!KEYS.has(name)) row[name] = value;
  if (plain['ledger'] !== undefined) row['stamp'] = { ledger: plain['ledger'], n: plain['ledgerN'] };
  return row as unknown as TaskRow;
}
