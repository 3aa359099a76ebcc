import type * as Sdk from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { itemBytes, writeUnits, type CallLedger } from './call-ledger.ts';
import { AwsError, type JsonService } from './json-service.ts';
import { toItem } from './to-attribute.ts';

export { toItem };

/** A table and what reaches it. */
export interface Table {
  readonly json: JsonService;
  readonly name: string;
  readonly calls: CallLedger;
}

export type Item = Record<string, Sdk.AttributeValue>;

/** What is asked of a table, with the SDK's types: only its code is not used. */
interface Operations {
  readonly BatchGetItem: [Sdk.BatchGetItemCommandInput, Sdk.BatchGetItemCommandOutput];
  readonly DeleteItem: [Sdk.DeleteItemCommandInput, Sdk.DeleteItemCommandOutput];
  readonly GetItem: [Sdk.GetItemCommandInput, Sdk.GetItemCommandOutput];
  readonly PutItem: [Sdk.PutItemCommandInput, Sdk.PutItemCommandOutput];
  readonly Query: [Sdk.QueryCommandInput, Sdk.QueryCommandOutput];
  readonly UpdateItem: [Sdk.UpdateItemCommandInput, Sdk.UpdateItemCommandOutput];
}

const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);

/** One request about a table. */
export function ask<Name extends Exclude<keyof Operations, 'BatchGetItem'>>(
  { json, name: TableName, calls }: Table,
  operation: Name,
  input: Omit<Operations[Name][0], 'TableName'>,
): Promise<Operations[Name][1]> {
  if (WRITES.has(operation)) {
    const { Item: item = {} } = input as { Item?: Item };
    calls.wrote(operation, writeUnits(itemBytes(item), Object.keys(item)));
  }
  return json.call(operation, { TableName, ...input });
}

export function fromItem(item: Item): Record<string, unknown> {
  return unmarshall(item);
}

/** Bytes as an attribute: requests are JSON, which has them in base64. */
export function toBinary(bytes: Uint8Array): Sdk.AttributeValue {
  return { B: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') as never };
}

/** The bytes of an attribute, as `fromItem` leaves them. */
export function fromBinary(value: unknown): Buffer {
  return Buffer.from(String(value), 'base64');
}

/**
 * The outcome of a conditional write: `item` is the one that stands (new or old), where the server said it.
 * DynamoDB returns the old item on request; dynalite does not, and its callers read it then.
 */
export async function conditional(
  send: () => Promise<{ Attributes?: Item | undefined }>,
): Promise<{ done: boolean; item: Item | undefined }> {
  try {
    const { Attributes } = await send();
    return { done: true, item: Attributes };
  } catch (error) {
    if (error instanceof AwsError && error.name === 'ConditionalCheckFailedException')
      return { done: false, item: error.body['Item'] as Item | undefined };
    throw error;
  }
}

/** A conditional update. */
export async function updateItem(
  { json, calls }: Table,
  input: Sdk.UpdateItemCommandInput,
): Promise<{ done: boolean; item: Item | undefined }> {
  const outcome = await conditional(() => json.call('UpdateItem', input));
  const touched = outcome.done ? Object.values(input.ExpressionAttributeNames ?? {}) : [];
  calls.wrote('UpdateItem', writeUnits(itemBytes(outcome.item), touched));
  return outcome;
}

const BATCH_GET_KEYS = 100; // DynamoDB: keys in one BatchGetItem

/** The items of these keys that are there; no key may be named twice. Consistent reads cost twice as much. */
export async function getMany(
  table: Table,
  wanted: readonly Item[],
  { isConsistent }: { isConsistent: boolean },
): Promise<Item[]> {
  const items: Item[] = [];
  for (let at = 0; at < wanted.length; at += BATCH_GET_KEYS) {
    let keys = wanted.slice(at, at + BATCH_GET_KEYS);
    while (keys.length > 0) {
      const RequestItems = { [table.name]: { Keys: keys, ConsistentRead: isConsistent } };
      const answer: Operations['BatchGetItem'][1] = await table.json.call('BatchGetItem', { RequestItems });
      items.push(...(answer.Responses?.[table.name] ?? []));
      keys = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];
    }
  }
  return items;
}

/** All items of a query, page by page. */
export async function queryAll(
  table: Table,
  input: Omit<Sdk.QueryCommandInput, 'TableName'>,
): Promise<Item[]> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const page: Sdk.QueryCommandOutput = await ask(table, 'Query', { ...input, ExclusiveStartKey: from });
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from);
  return items;
}

/** Names and values of an expression, collected as it is written. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};

  name(attribute: string): string {
    const token = `#${attribute}`;
    this.names[token] = attribute;
    return token;
  }

  value(name: string, value: unknown): string {
    const token = `:${name}`;
    this.values[token] = value;
    return token;
  }

  /** The parts of a command input, left out where empty: DynamoDB refuses empty maps. */
  toInput() {
    return {
      ...(Object.keys(this.names).length > 0 && { ExpressionAttributeNames: this.names }),
      ...(Object.keys(this.values).length > 0 && { ExpressionAttributeValues: toItem(this.values) }),
    };
  }
}
