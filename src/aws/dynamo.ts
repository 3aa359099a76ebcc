import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type AttributeValue,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { itemBytes, writeUnits, type CallLedger } from './call-ledger.ts';
import { AwsError, type JsonService } from './json-service.ts';

/** A table and the client that reaches it. */
export interface Table {
  readonly client: DynamoDBClient;
  readonly name: string;
}

/** … and what takes the requests that every task costs. Their items hold no binary attributes. */
export interface BusyTable extends Table {
  readonly json: JsonService;
  readonly calls: CallLedger;
}

export type Item = Record<string, AttributeValue>;

/** Plain values → attribute values; undefined members are left out. */
export function toItem(value: object): Item {
  return marshall(value, { removeUndefinedValues: true, convertClassInstanceToMap: false });
}

export function fromItem(item: Item): Record<string, unknown> {
  return unmarshall(item);
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
    if (error instanceof ConditionalCheckFailedException) return { done: false, item: error.Item };
    if (error instanceof AwsError && error.name === 'ConditionalCheckFailedException')
      return { done: false, item: error.body['Item'] as Item | undefined };
    throw error;
  }
}

/** A conditional update. */
export async function updateItem(
  { json, calls }: BusyTable,
  input: UpdateItemCommandInput,
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
      const answer = await table.client.send(new BatchGetItemCommand({ RequestItems }));
      items.push(...(answer.Responses?.[table.name] ?? []));
      keys = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];
    }
  }
  return items;
}

/** All items of a query, page by page. */
export async function queryAll(table: Table, input: Omit<QueryCommandInput, 'TableName'>): Promise<Item[]> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const page = await table.client.send(
      new QueryCommand({ ...input, TableName: table.name, ExclusiveStartKey: from }),
    );
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
