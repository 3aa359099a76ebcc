import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { Expression, toItem, type Item } from './dynamo.ts';
import type { Key } from './keys.ts';
import { toAttribute } from './to-attribute.ts';

/** What must hold of an item. */
export type Clause =
  | { readonly attribute: string; readonly is: '=' | '<' | '<='; readonly value: unknown }
  | { readonly attribute: string; readonly is: 'absent' }
  | { readonly attribute: string; readonly is: 'absent or <='; readonly value: unknown }
  | { readonly attribute: string; readonly is: 'in'; readonly values: readonly unknown[] };

/** A conditional write of one item, from which either kind of request is made. */
export interface RowWrite {
  readonly key: Key;
  /** Undefined members are left out. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Counters and by how much they rise, from 0 where absent. */
  readonly raise: Readonly<Record<string, number>>;
  readonly remove: readonly string[];
  /** What must hold of an item that is there; absent: none may be there. */
  readonly when?: readonly Clause[];
  /** … and whether there may be none. */
  readonly mayBeAbsent: boolean;
}

/** The write as an `UpdateItem`, which answers with the item as it is then, or as it stood when it was refused. */
export function toUpdateItem(tableName: string, write: RowWrite): UpdateItemCommandInput {
  const expression = new Expression();
  const sets: string[] = [];
  for (const [name, value] of Object.entries(write.set)) {
    if (value !== undefined) sets.push(`${expression.name(name)} = ${expression.value(name, value)}`);
  }
  for (const [counter, by] of Object.entries(write.raise)) {
    const name = expression.name(counter);
    sets.push(
      `${name} = if_not_exists(${name}, ${expression.value('zero', 0)}) + ${expression.value(`by${by}`, by)}`,
    );
  }
  const removes = write.remove.map((name) => expression.name(name));
  return {
    TableName: tableName,
    Key: toItem(write.key),
    UpdateExpression: [
      `SET ${sets.join(', ')}`,
      ...(removes.length > 0 ? [`REMOVE ${removes.join(', ')}`] : []),
    ].join(' '),
    ConditionExpression: toCondition(expression, write),
    ...expression.toInput(),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function toCondition(expression: Expression, { when, mayBeAbsent }: RowWrite): string {
  const isAbsent = 'attribute_not_exists(pk)';
  if (!when) return isAbsent;
  const isAllowed = when.map((clause) => toExpression(expression, clause)).join(' AND ');
  return mayBeAbsent ? `${isAbsent} OR (${isAllowed})` : isAllowed;
}

function toExpression(expression: Expression, clause: Clause): string {
  const name = expression.name(clause.attribute);
  const token = (value: unknown, suffix = '') => expression.value(`if_${clause.attribute}${suffix}`, value);
  switch (clause.is) {
    case 'absent':
      return `attribute_not_exists(${name})`;
    case 'absent or <=':
      return `(attribute_not_exists(${name}) OR ${name} <= ${token(clause.value)})`;
    case 'in':
      return `${name} IN (${clause.values.map((value, at) => token(value, String(at))).join(', ')})`;
    case '=':
    case '<':
    case '<=':
      return `${name} ${clause.is} ${token(clause.value)}`;
  }
}

/** A statement of PartiQL, as one of several in a `BatchExecuteStatement`. */
export interface Statement {
  readonly Statement: string;
  readonly Parameters: readonly Item[string][];
}

/**
 * The write as a statement; it answers with no item. Of what is there its conditions may only be joined by AND, and
 * an item that may be there or not can only be inserted.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
 * @throws Error for a write that no statement can express
 */
export function toStatement(tableName: string, write: RowWrite): Statement {
  const Parameters: Item[string][] = [];
  const parameter = (value: unknown): string => {
    Parameters.push(toAttribute(value));
    return '?';
  };
  const text = write.when
    ? updateText(tableName, { ...write, when: write.when }, parameter)
    : insertText(tableName, write, parameter);
  return { Statement: text, Parameters };
}

type Parameter = (value: unknown) => string;

function insertText(tableName: string, { key, set, raise }: RowWrite, parameter: Parameter): string {
  const fields = Object.entries({ ...key, ...set, ...raise })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `'${name}': ${parameter(value)}`);
  return `INSERT INTO "${tableName}" VALUE {${fields.join(', ')}}`;
}

function updateText(
  tableName: string,
  { key, set, raise, remove, when, mayBeAbsent }: RowWrite & { when: readonly Clause[] },
  parameter: Parameter,
): string {
  if (mayBeAbsent) throw new Error('a statement cannot write an item that may be there or not');
  const clauses = [
    ...Object.entries(set).flatMap(([name, value]) =>
      value === undefined ? [] : [`SET "${name}"=${parameter(value)}`],
    ),
    // Whoever updates by statements knows that the counters are there.
    ...Object.entries(raise).flatMap(([name, by]) =>
      by === 0 ? [] : [`SET "${name}"="${name}"+${parameter(by)}`],
    ),
    ...remove.map((name) => `REMOVE "${name}"`),
  ];
  const conditions = [
    ...Object.entries(key).map(([name, value]) => `"${name}"=${parameter(value)}`),
    ...when.map((clause) => toComparison(clause, parameter)),
  ];
  return `UPDATE "${tableName}" ${clauses.join(' ')} WHERE ${conditions.join(' AND ')}`;
}

function toComparison(clause: Clause, parameter: Parameter): string {
  const { attribute } = clause;
  if (clause.is === 'absent') return `"${attribute}" IS MISSING`;
  if (clause.is === 'in' && clause.values.length === 1)
    return `"${attribute}"=${parameter(clause.values[0])}`;
  if (clause.is === 'in' || clause.is === 'absent or <=')
    throw new Error(`a statement cannot hold a condition to ${clause.is}`);
  return `"${attribute}"${clause.is}${parameter(clause.value)}`;
}
