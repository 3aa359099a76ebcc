import {
  loadActions,
  loadValueCheck,
  type Action,
  type ActionError,
  type ActionInput,
  type AttributeValue,
  type DynaliteItem,
  type DynaliteStore,
  type Expression,
  type TableDescription,
} from './dynalite-internals.ts';
import { makeGatheringStore } from './gathering-store.ts';
import { parseStatement, type Condition, type ParsedStatement } from './parse-statement.ts';

interface StatementRequest {
  readonly Statement?: unknown;
  readonly Parameters?: readonly AttributeValue[];
}
interface StatementAnswer {
  readonly TableName?: string;
  readonly Error?: { readonly Code: string; readonly Message: string };
}

const MAX_STATEMENTS = 25;
const MAX_TEXT_CHARS = 8192; // as DynamoDB has it
const KNOWN_TEXTS = 500; // a program writes few texts: their parameters are apart

/**
 * `BatchExecuteStatement` over dynalite, which has none: each statement takes effect or not by itself.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
 * @returns what it answers to the body of a request, as JSON. @throws RangeError for a request as a whole
 */
export function makeStatementRunner(store: DynaliteStore): (body: unknown) => Promise<object> {
  const actions = loadActions();
  const faultOf = loadValueCheck();
  const parsed = new Map<string, ParsedStatement | undefined>();
  const parse = (text: string): ParsedStatement | undefined => {
    if (!parsed.has(text)) {
      if (parsed.size >= KNOWN_TEXTS) parsed.clear();
      parsed.set(text, parseStatement(text));
    }
    return parsed.get(text);
  };
  return async (body) => {
    const { Statements: statements } = (body ?? {}) as { Statements?: readonly StatementRequest[] };
    if (!Array.isArray(statements) || statements.length === 0 || statements.length > MAX_STATEMENTS)
      throw new RangeError(`expected 1 to ${MAX_STATEMENTS} statements`);
    const gathering = makeGatheringStore(store);
    const run = async ({ Statement: text, Parameters: parameters = [] }: StatementRequest) => {
      if (typeof text === 'string' && text.length > MAX_TEXT_CHARS)
        return refusal('ValidationError', `a statement may have ${MAX_TEXT_CHARS} characters at most`);
      const statement = typeof text === 'string' ? parse(text) : undefined;
      if (!statement)
        return refusal('ValidationError', `this DynamoDB understands no statement like ${String(text)}`);
      for (const parameter of parameters) {
        const fault = faultOf(parameter);
        if (fault !== undefined) return refusal('ValidationError', fault);
      }
      return runStatement(gathering, actions, statement, parameters);
    };
    return { Responses: await Promise.all((statements as StatementRequest[]).map(run)) };
  };
}

async function runStatement(
  store: DynaliteStore,
  actions: { putItem: Action; updateItem: Action },
  statement: ParsedStatement,
  parameters: readonly AttributeValue[],
): Promise<StatementAnswer> {
  const { table } = statement;
  try {
    const { KeySchema: schema } = await promised<TableDescription>((done) =>
      store.getTable(table, false, done),
    );
    const keys = schema.map(({ AttributeName: name }) => name);
    const input = toInput(statement, parameters, keys);
    if (typeof input === 'string') return refusal('ValidationError', input);
    const action = statement.kind === 'insert' ? actions.putItem : actions.updateItem;
    await promised<void>((done) => action(store, input, done));
    return { TableName: table };
  } catch (error) {
    const { body, message } = error as ActionError;
    const code = body?.__type.replace(/^.*#/, '').replace(/Exception$/, '') ?? 'InternalServerError';
    const said = body?.message ?? message;
    if (code === 'Validation') return refusal('ValidationError', said);
    if (code !== 'ConditionalCheckFailed') return refusal(code, said);
    return {
      TableName: table,
      ...(statement.kind === 'insert'
        ? refusal('DuplicateItem', 'Duplicate primary key exists in table')
        : refusal(code, said)),
    };
  }
}

function promised<T>(start: (done: (error: unknown, value?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => (error instanceof Error ? reject(error) : resolve(value as T)));
  });
}

function refusal(code: string, message: string): Required<Pick<StatementAnswer, 'Error'>> {
  return { Error: { Code: code, Message: message } };
}

/** A statement as dynalite's parsers would give it to its actions; or what is wrong with it. */
function toInput(
  statement: ParsedStatement,
  parameters: readonly AttributeValue[],
  keys: readonly string[],
): ActionInput | string {
  const [hashKey = ''] = keys;
  let next = 0;
  const take = (): AttributeValue => parameters[next++] ?? {};
  const { table: TableName } = statement;
  if (statement.kind === 'insert') {
    if (statement.names.length !== parameters.length) return countError(statement.names.length, parameters);
    const Item: DynaliteItem = Object.fromEntries(statement.names.map((name) => [name, take()]));
    return { TableName, Item, _condition: { expression: exists(hashKey, false) } };
  }
  const { changes, conditions } = statement;
  const wanted =
    changes.filter(({ type }) => type !== 'remove').length +
    conditions.filter(({ is }) => is !== 'missing').length;
  if (wanted !== parameters.length) return countError(wanted, parameters);
  const sections = changes.map(({ type, name }) => {
    const path = [name];
    if (type === 'remove') return { type, path };
    const val = type === 'set' ? take() : { type: 'add', args: [path, take()] };
    return { type: 'set' as const, path, val };
  });
  const key: DynaliteItem = {};
  let expression = exists(hashKey, true);
  for (const condition of conditions) {
    const value = condition.is === 'missing' ? {} : take();
    if (keys.includes(condition.name) && condition.is === '=') key[condition.name] = value;
    else expression = { type: 'and', args: [expression, toExpression(condition, value)] };
  }
  if (!keys.every((name) => name in key))
    return 'Where clause does not contain a mandatory equality on all key attributes';
  const paths = sections.map(({ path }) => path);
  return {
    TableName,
    Key: key,
    _condition: { expression },
    _updates: { sections, paths, nestedPaths: {} },
  };
}

function countError(wanted: number, { length: got }: readonly AttributeValue[]): string {
  return `expected ${wanted} parameters, got ${got}`;
}

function exists(attribute: string, isThere: boolean): Expression {
  return { type: 'function', name: `attribute${isThere ? '' : '_not'}_exists`, args: [[attribute]] };
}

function toExpression({ name, is }: Condition, value: AttributeValue): Expression {
  if (is === 'missing') return exists(name, false);
  return { type: is, args: [[name], value] };
}
