import type { Clock, QueueCatalog } from '../core/ports.ts';
import { queueDefinitionSchema, type QueueDefinition } from '../core/queue-definition.ts';
import { ask, fromItem, queryAll, toItem, type Table } from './dynamo.ts';
import { catalogKey } from './keys.ts';

const CACHE_MS = 2000;

/** The queues of a local stack, which may come and go while it runs: kept in the table; `find` remembers for 2 s. */
export function makeTableCatalog(table: Table, clock: Clock): QueueCatalog {
  let known: readonly QueueDefinition[] = [];
  let readAt = -Infinity;
  const list = async (maxAgeMs: number): Promise<readonly QueueDefinition[]> => {
    if (clock() - readAt <= maxAgeMs) return known;
    const items = await queryAll(table, {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: toItem({ ':pk': catalogKey('').pk }),
      ConsistentRead: true,
    });
    known = items.map((item) => queueDefinitionSchema.parse(fromItem(item)['definition']));
    readAt = clock();
    return known;
  };
  return {
    list: () => list(-1),
    async find(name) {
      const isNamed = (definition: QueueDefinition) => definition.name === name;
      // A queue that was added a moment ago is not refused for the cache's sake.
      return (await list(CACHE_MS)).find(isNamed) ?? (await list(-1)).find(isNamed);
    },
  };
}

export async function putDefinition(table: Table, definition: QueueDefinition): Promise<void> {
  const item = toItem({ ...catalogKey(definition.name), definition });
  await ask(table, 'PutItem', { Item: item });
}

export async function deleteDefinition(table: Table, name: string): Promise<void> {
  await ask(table, 'DeleteItem', { Key: toItem(catalogKey(name)) });
}
