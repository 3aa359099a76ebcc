import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Item = Readonly<Record<string, AttributeValue>>;

/** What one operation has cost so far. `writeUnits`: as AWS would bill them on demand, see `writeUnits`. */
export interface CallCount {
  requests: number;
  writeUnits: number;
}

/** What a process has asked of SQS and DynamoDB, by operation, each try of a request as one. */
export class CallLedger {
  readonly #counts = new Map<string, CallCount>();

  /** @param operation as AWS names it: `UpdateItem`, `ReceiveMessage` */
  asked(operation: string): void {
    this.#of(operation).requests += 1;
  }

  wrote(operation: string, units: number): void {
    this.#of(operation).writeUnits += units;
  }

  toJSON(): Record<string, CallCount> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #of(operation: string): CallCount {
    let count = this.#counts.get(operation);
    if (!count) {
      count = { requests: 0, writeUnits: 0 };
      this.#counts.set(operation, count);
    }
    return count;
  }
}

const UNIT_BYTES = 1024;

/** Attributes that an index holds; whoever sets or removes one pays for an entry of at most 1 KB. */
const INDEX_ATTRIBUTES = ['gq', 'fq'];

/**
 * Write units of one write: a unit for each begun KB of the whole item, and one for each index whose entry it makes
 * or takes away. A write that is refused costs the item that stands.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
 * @param bytes of the item as it is after the write, or stands
 * @param touched the attributes that the write sets or removes
 */
export function writeUnits(bytes: number, touched: readonly string[]): number {
  const entries = INDEX_ATTRIBUTES.filter((attribute) => touched.includes(attribute)).length;
  return Math.max(1, Math.ceil(bytes / UNIT_BYTES)) + entries;
}

/** The size of an item by DynamoDB's rules, within some bytes: names and values as UTF-8, numbers by digits. */
export function itemBytes(item: Item = {}): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += name.length + valueBytes(value);
  return bytes;
}

function valueBytes(value: Item[string]): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  if (value.B !== undefined) return Math.floor((value.B.length * 3) / 4); // in base64, see toBinary
  if (value.L) return 3 + value.L.reduce((sum, one) => sum + 1 + valueBytes(one), 0);
  if (value.M) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  return 1;
}
