import { PROTOCOL_VERSION } from '../core/envelope.ts';
import type { TaskRow } from '../core/task-row.ts';
import { fromItem, type Item } from './dynamo.ts';
import { parseKey } from './keys.ts';

/** A row written by a newer version of Millrace: to be handed back, never judged. */
export class NewerRowError extends Error {
  readonly id: string;
  readonly version: number;

  constructor(id: string, version: number) {
    super(
      `task ${id} was written by version ${version} of the protocol, this is version ${PROTOCOL_VERSION}`,
    );
    this.name = 'NewerRowError';
    this.id = id;
    this.version = version;
  }
}

const KEYS = new Set(['pk', 'sk', 'gq', 'gt', 'fq', 'ft', 'v', 'ledger', 'ledgerN']);

/** A state item → the row. @throws NewerRowError */
export function toTaskRow(item: Item): TaskRow {
  const plain = fromItem(item);
  const key = parseKey({ pk: String(plain['pk']), sk: 'state' });
  const id = key && 'task' in key ? key.task : String(plain['pk']);
  if (typeof plain['v'] === 'number' && plain['v'] > PROTOCOL_VERSION)
    throw new NewerRowError(id, plain['v']);
  const row: Record<string, unknown> = { id };
  for (const [name, value] of Object.entries(plain)) if (!KEYS.has(name)) row[name] = value;
  if (plain['ledger'] !== undefined) row['stamp'] = { ledger: plain['ledger'], n: plain['ledgerN'] };
  return row as unknown as TaskRow;
}
