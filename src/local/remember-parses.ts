/** What dynalite's parsers are given beside the text; they take out of `unused…` what the text names. */
export interface ParseContext {
  readonly attrNames?: Readonly<Record<string, string>>;
  readonly attrVals?: Readonly<Record<string, object>>;
  readonly unusedAttrNames: Record<string, true>;
  readonly unusedAttrVals: Record<string, true>;
}

export interface ExpressionParser {
  parse(text: string, options: { context: ParseContext }): unknown;
}

interface Remembered {
  /** What was parsed, with the name of a value where the value stood. */
  readonly parsed: unknown;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** A value's place in what is remembered. */
class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

const MAX_TEXTS = 500; // a program writes few texts: their values are apart
const JUDGES_VALUES = /between|attribute_type/i;

/**
 * Has a parser of dynalite's parse a text once for all its values of the same types: that takes a millisecond, more than
 * the write that it is for. Texts whose values are judged by more than their types are parsed each time, and so are those
 * that are refused.
 */
export function rememberParses(parser: ExpressionParser): void {
  const parse = parser.parse.bind(parser);
  const known = new Map<string, Remembered>();
  parser.parse = (text, options) => {
    const { context } = options;
    if (JUDGES_VALUES.test(text)) return parse(text, options);
    const key = keyOf(text, context);
    const remembered = known.get(key);
    if (remembered) return repeat(remembered, context);
    const [names, values] = [Object.keys(context.unusedAttrNames), Object.keys(context.unusedAttrVals)];
    const parsed = parse(text, options);
    if (typeof parsed === 'string') return parsed; // what is wrong with it
    if (known.size >= MAX_TEXTS) known.clear();
    const places = new Map(
      Object.entries(context.attrVals ?? {}).map(([name, value]) => [value, new Place(name)]),
    );
    known.set(key, {
      parsed: copy(parsed, (value) => places.get(value)),
      names: names.filter((name) => !(name in context.unusedAttrNames)),
      values: values.filter((name) => !(name in context.unusedAttrVals)),
    });
    return parsed;
  };
}

/** What was parsed depends on all of it; and what it took out of the unused, on what was still there. */
function keyOf(text: string, { attrNames, attrVals, unusedAttrNames, unusedAttrVals }: ParseContext): string {
  const types = Object.entries(attrVals ?? {}).map(([name, value]) => [name, Object.keys(value).join()]);
  return JSON.stringify([text, attrNames, types, Object.keys(unusedAttrNames), Object.keys(unusedAttrVals)]);
}

function repeat({ parsed, names, values }: Remembered, context: ParseContext): unknown {
  for (const name of names) delete context.unusedAttrNames[name];
  for (const name of values) delete context.unusedAttrVals[name];
  return copy(parsed, (value) => (value instanceof Place ? context.attrVals?.[value.name] : undefined));
}

/** Copies all of it: dynalite writes into what was parsed. @param replace what is to stand instead of an object */
function copy(value: unknown, replace: (value: object) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const replacement = replace(value);
  if (replacement !== undefined) return replacement;
  if (Array.isArray(value)) return value.map((one) => copy(one, replace));
  const copied = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const [name, one] of Object.entries(value)) copied[name] = copy(one, replace);
  return copied;
}
