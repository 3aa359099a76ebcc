import {
  BatchExecuteStatementCommand,
  CreateTableCommand,
  GetItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { parseStatement } from '../../src/local/parse-statement.ts';
import { makeDynamodbClient, startDynamodb } from './embedded-servers.ts';

const S = (text: string): AttributeValue => ({ S: text });
const N = (number: number): AttributeValue => ({ N: String(number) });

async function open(): Promise<DynamoDBClient> {
  const { url } = await startDynamodb();
  const client = makeDynamodbClient(url);
  await client.send(
    new CreateTableCommand({
      TableName: 'things',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  return client;
}

/** What became of each: `done`, or the code of its error. */
async function execute(
  client: DynamoDBClient,
  statements: readonly [string, ...AttributeValue[]][],
): Promise<string[]> {
  const Statements = statements.map(([Statement, ...Parameters]) => ({
    Statement,
    ...(Parameters.length > 0 && { Parameters }),
  }));
  const { Responses = [] } = await client.send(new BatchExecuteStatementCommand({ Statements }));
  return Responses.map(({ Error: error }) => error?.Code ?? 'done');
}

const read = async (client: DynamoDBClient, pk: string) =>
  (await client.send(new GetItemCommand({ TableName: 'things', Key: { pk: S(pk), sk: S('x') } }))).Item;

const INSERT = `INSERT INTO "things" VALUE {'pk': ?, 'sk': ?, 'n': ?}`;
const SET = `UPDATE "things" SET "n"=? WHERE "pk"=? AND "sk"=? AND "n"=?`;

describe('the statements of the local DynamoDB', () => {
  test('are refused, and end nothing, with parameters that are no values', async () => {
    const client = await open();
    await execute(client, [[INSERT, S('a'), S('x'), N(1)]]);
    const raise = `UPDATE "things" SET "n"="n"+? WHERE "pk"=? AND "sk"=?`;
    expect(
      await execute(client, [
        [raise, { N: 'abc' }, S('a'), S('x')],
        [raise, N(1), S('a'), {} as AttributeValue],
        [INSERT, S('b'), S('x'), { N: '' }],
      ]),
    ).toEqual(['ValidationError', 'ValidationError', 'ValidationError']);
    expect(await execute(client, [[raise, N(1), S('a'), S('x')]])).toEqual(['done']);
    expect((await read(client, 'a'))?.['n']).toEqual(N(2));
  });

  test('take effect or not, each by itself', async () => {
    const client = await open();
    expect(await execute(client, [[INSERT, S('a'), S('x'), N(1)]])).toEqual(['done']);
    const results = await execute(client, [
      [INSERT, S('a'), S('x'), N(9)],
      [INSERT, S('b'), S('x'), N(2)],
      [SET, N(3), S('a'), S('x'), N(2)],
      [SET, N(3), S('nobody'), S('x'), N(2)],
      ['SELECT * FROM "things"'],
      [SET, N(3), S('a'), S('x')],
      [`UPDATE "things" SET "n"=? WHERE "pk"=?`, N(1), S('a')],
      [`INSERT INTO "nothing" VALUE {'pk': ?}`, S('a')],
      [`INSERT INTO "things" VALUE {'pk': ?}`, S('a')],
    ]);
    expect(results).toEqual([
      'DuplicateItem',
      'done',
      'ConditionalCheckFailed',
      'ConditionalCheckFailed',
      'ValidationError',
      'ValidationError',
      'ValidationError',
      'ResourceNotFound',
      'ValidationError',
    ]);
    expect([await read(client, 'a'), await read(client, 'b'), await read(client, 'nobody')]).toEqual([
      { pk: S('a'), sk: S('x'), n: N(1) },
      { pk: S('b'), sk: S('x'), n: N(2) },
      undefined,
    ]);
  });

  test('set, raise, remove and compare', async () => {
    const client = await open();
    await execute(client, [[INSERT, S('a'), S('x'), N(1)]]);
    const text = `update things set "n" = "n" + ? set kind=? remove gone where pk=? and "sk"=? and "n"<=? and gone is missing`;
    expect(await execute(client, [[text, N(4), S('k'), S('a'), S('x'), N(1)]])).toEqual(['done']);
    expect(await read(client, 'a')).toEqual({ pk: S('a'), sk: S('x'), n: N(5), kind: S('k') });
    const remove = `UPDATE "things" REMOVE "kind" WHERE "pk"=? AND "sk"=? AND "n">? AND "kind"=?`;
    expect(await execute(client, [[remove, S('a'), S('x'), N(4), S('k')]])).toEqual(['done']);
    expect(await execute(client, [[remove, S('a'), S('x'), N(4), S('k')]])).toEqual([
      'ConditionalCheckFailed',
    ]);
    expect(await read(client, 'a')).toEqual({ pk: S('a'), sk: S('x'), n: N(5) });
  });

  test('of many requests in the same moment lose no update', async () => {
    const client = await open();
    await execute(client, [[INSERT, S('a'), S('x'), N(0)]]);
    const raise = `UPDATE "things" SET "n"="n"+? WHERE "pk"=? AND "sk"=?`;
    await Promise.all(Array.from({ length: 40 }, () => execute(client, [[raise, N(1), S('a'), S('x')]])));
    expect((await read(client, 'a'))?.['n']).toEqual(N(40));
  });

  test('are refused as a whole when they are none or too many, and leave the server up', async () => {
    const client = await open();
    const many = Array.from({ length: 26 }, (_, n): [string, ...AttributeValue[]] => [
      INSERT,
      S(`m${n}`),
      S('x'),
      N(n),
    ]);
    await expect(execute(client, many)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(execute(client, [])).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await execute(client, many.slice(0, 25))).toEqual(many.slice(0, 25).map(() => 'done'));
  });

  test('are not long, and take no time to be refused, whatever they are made of', async () => {
    const client = await open();
    const [blanks, long] = [' '.repeat(8000), `${SET}${' '.repeat(8192)}`];
    expect(
      await execute(client, [
        [`UPDATE "things"${blanks}x`, N(1)],
        [`UPDATE "things" SET "n"=?${blanks}x`, N(1)],
        [`INSERT INTO "things"${blanks}x`, N(1)],
        [long, N(1), S('a'), S('x'), N(1)],
      ]),
    ).toEqual(Array.from({ length: 4 }, () => 'ValidationError'));
  });

  test.each([
    'DELETE FROM "things" WHERE "pk"=?',
    `UPDATE "things" SET "n"=? WHERE "pk"=? OR "sk"=?`,
    `UPDATE "things" SET "n"=1 WHERE "pk"=?`,
    `UPDATE "things" SET "n"="m"+? WHERE "pk"=?`,
    `UPDATE "things" WHERE "pk"=?`,
    `INSERT INTO "things" VALUE {'a': 'b'}`,
    '',
  ])('are not guessed: %s', (text) => {
    expect(parseStatement(text)).toBeUndefined();
  });
});
