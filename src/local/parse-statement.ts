/** A statement of PartiQL that writes one item; each `?` is a parameter, in the order of the text. */
export type ParsedStatement =
  | { readonly kind: 'insert'; readonly table: string; readonly names: readonly string[] }
  | {
      readonly kind: 'update';
      readonly table: string;
      readonly changes: readonly Change[];
      readonly conditions: readonly Condition[];
    };

export type Change =
  | { readonly type: 'set'; readonly name: string }
  | { readonly type: 'raise'; readonly name: string }
  | { readonly type: 'remove'; readonly name: string };

export interface Condition {
  readonly name: string;
  readonly is: '=' | '<' | '<=' | '>' | '>=' | 'missing';
}

const NAME = String.raw`(?:"([^"]+)"|([A-Za-z_][\w-]*))`;
const INSERT = new RegExp(String.raw`^\s*INSERT\s+INTO\s+${NAME}\s+VALUE\s*\{(.*)\}\s*$`, 'is');
const FIELD = /^\s*'([^']+)'\s*:\s*\?\s*$/;
// Each part begins with something: blanks that could belong to either side would be tried in every way.
const UPDATE = new RegExp(String.raw`^\s*UPDATE\s+${NAME}\s+(\S.*?)\s+WHERE\s+(\S.*)$`, 'is');
const CHANGE = new RegExp(
  String.raw`^\s*(?:SET\s+${NAME}\s*=\s*(?:${NAME}\s*\+\s*)?\?|REMOVE\s+${NAME})\s*`,
  'i',
);
const CONDITION = new RegExp(String.raw`^\s*${NAME}\s*(?:(=|<=|>=|<|>)\s*\?|IS\s+(MISSING))\s*$`, 'i');

/**
 * Understands `INSERT INTO "t" VALUE {'a': ?, …}` and `UPDATE "t" SET "a"=? SET "b"="b"+? REMOVE "c" WHERE "pk"=? AND …`
 * with conditions joined by AND: what the statements of a worker are, and no more of PartiQL.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
 * @returns undefined for anything else
 */
export function parseStatement(text: string): ParsedStatement | undefined {
  return parseInsert(text) ?? parseUpdate(text);
}

function parseInsert(text: string): ParsedStatement | undefined {
  const [, quoted, bare, body = ''] = INSERT.exec(text) ?? [];
  const table = quoted ?? bare;
  if (table === undefined) return undefined;
  const names = body.split(',').map((field) => FIELD.exec(field)?.[1]);
  return names.every((name) => name !== undefined) ? { kind: 'insert', table, names } : undefined;
}

function parseUpdate(text: string): ParsedStatement | undefined {
  const [, quoted, bare, body = '', where = ''] = UPDATE.exec(text) ?? [];
  const table = quoted ?? bare;
  if (table === undefined) return undefined;
  const changes: Change[] = [];
  for (let rest = body; rest !== '';) {
    const match = CHANGE.exec(rest);
    if (!match) return undefined;
    const [whole, setQuoted, setBare, addQuoted, addBare, removeQuoted, removeBare] = match;
    const [set, added, removed] = [setQuoted ?? setBare, addQuoted ?? addBare, removeQuoted ?? removeBare];
    if (removed !== undefined) changes.push({ type: 'remove', name: removed });
    else if (set === undefined || (added !== undefined && added !== set)) return undefined;
    else changes.push({ type: added === undefined ? 'set' : 'raise', name: set });
    rest = rest.slice(whole.length);
  }
  const conditions = where.split(/\s+AND\s+/i).map(parseCondition);
  if (!conditions.every((condition) => condition !== undefined)) return undefined;
  return { kind: 'update', table, changes, conditions };
}

function parseCondition(text: string): Condition | undefined {
  const [, quoted, bare, comparison, missing] = CONDITION.exec(text) ?? [];
  const name = quoted ?? bare;
  if (name === undefined) return undefined;
  return { name, is: missing ? 'missing' : (comparison as Condition['is']) };
}
