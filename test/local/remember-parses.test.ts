import {
  CreateTableCommand,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { rememberParses, type ParseContext } from '../../src/local/remember-parses.ts';
import { makeDynamodbClient, startDynamodb } from './embedded-servers.ts';

const TableName = 'things';

async function open(): Promise<DynamoDBClient> {
  const { url } = await startDynamodb();
  const client = makeDynamodbClient(url);
  await client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return client;
}

/** The item after it, or what was wrong. */
async function update(
  client: DynamoDBClient,
  pk: string,
  values: Record<string, AttributeValue>,
  {
    change = 'SET #a = :a, n = if_not_exists(n, :zero) + :one',
    condition = 'attribute_not_exists(#a) OR #a < :a',
  } = {},
): Promise<unknown> {
  const command = new UpdateItemCommand({
    TableName,
    Key: { pk: { S: pk } },
    UpdateExpression: change,
    ConditionExpression: condition,
    ExpressionAttributeNames: { '#a': 'a' },
    ExpressionAttributeValues: { ':zero': { N: '0' }, ':one': { N: '1' }, ...values },
    ReturnValues: 'ALL_NEW',
  });
  return client.send(command).then(
    ({ Attributes: item }) => item,
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

describe('expressions that the local DynamoDB has parsed before', () => {
  test('take the values of their own request, and leave those of others alone', async () => {
    const client = await open();
    for (const pk of ['one', 'two'])
      expect(await update(client, pk, { ':a': { S: pk } })).toEqual({
        pk: { S: pk },
        a: { S: pk },
        n: { N: '1' },
      });
    expect(await update(client, 'one', { ':a': { S: 'zzz' } })).toEqual({
      pk: { S: 'one' },
      a: { S: 'zzz' },
      n: { N: '2' },
    });
    expect(await update(client, 'one', { ':a': { S: 'aaa' } })).toMatch(/^ConditionalCheckFailed/);
    const { Item: other } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'two' } } }));
    expect(other).toEqual({ pk: { S: 'two' }, a: { S: 'two' }, n: { N: '1' } });
  });

  test('are judged anew where types, names or values are others', async () => {
    const client = await open();
    await update(client, 'one', { ':a': { S: 'x' } });
    const asSet = { ':one': { SS: ['1'] }, ':a': { S: 'y' } };
    expect(await update(client, 'one', asSet)).toMatch(/^ValidationException: .*incorrect|Incorrect/i);
    expect(await update(client, 'one', { ':a': { S: 'y' }, ':b': { S: 'y' } })).toMatch(/unused.*:b/);
    const between = { condition: '#a BETWEEN :a AND :b' };
    expect(await update(client, 'one', { ':a': { S: 'a' }, ':b': { S: 'z' } }, between)).toHaveProperty('a');
    expect(await update(client, 'one', { ':a': { S: 'z' }, ':b': { S: 'a' } }, between)).toMatch(/BETWEEN/);
  });

  test('are repeated in queries', async () => {
    const client = await open();
    for (const pk of ['one', 'two']) await update(client, pk, { ':a': { S: pk } });
    const countOf = async (pk: string): Promise<number | undefined> => {
      const query = { KeyConditionExpression: 'pk = :pk', FilterExpression: 'n = :n' };
      const values = { ':pk': { S: pk }, ':n': { N: '1' } };
      return (await client.send(new QueryCommand({ TableName, ...query, ExpressionAttributeValues: values })))
        .Count;
    };
    expect([await countOf('one'), await countOf('three'), await countOf('two')]).toEqual([1, 0, 1]);
  });

  test('are parsed once, and what a text is refused for each time', () => {
    let parsed = 0;
    const parser = {
      parse: (text: string, { context }: { context: ParseContext }): unknown => {
        parsed += 1;
        delete context.unusedAttrVals[':a'];
        return text === 'bad' ? 'it is bad' : { args: [['a'], context.attrVals?.[':a']] };
      },
    };
    rememberParses(parser);
    const parse = (text: string, value: AttributeValue): unknown => {
      const context = {
        attrVals: { ':a': value },
        unusedAttrNames: {},
        unusedAttrVals: { ':a': true as const },
      };
      const result = parser.parse(text, { context });
      expect(context.unusedAttrVals).toEqual({});
      return result;
    };
    const first = parse('good', { S: 'x' }) as { args: unknown[] };
    first.args.push('written into');
    expect(parse('good', { S: 'y' })).toEqual({ args: [['a'], { S: 'y' }] });
    expect(parsed).toBe(1);
    expect([parse('bad', { S: 'x' }), parse('bad', { S: 'x' })]).toEqual(['it is bad', 'it is bad']);
    expect(parsed).toBe(3);
  });
});
