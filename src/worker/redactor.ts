/** Takes secrets out of what is stored or logged. */
export interface Redactor {
  text(text: string): string;
  /** Of a JSON value: its texts, names and numbers. */
  value(value: unknown): unknown;
}

/** Shorter ones would tear ordinary text to pieces, and are no secrets. */
export const MIN_SECRET_CHARS = 4;
/** Of a key of many lines each line is looked for, but not short ones such as `---`. */
const MIN_LINE_CHARS = 8;

export const NOTHING_SECRET: Redactor = { text: (text) => text, value: (value) => value };

/**
 * Puts `[NAME]` in place of the value of every secret, in plain text or as JSON writes it. It guards against
 * accidents, not against a program that means to leak: that one would encode what it prints.
 * @param secrets by name
 */
export function makeRedactor(secrets: Readonly<Record<string, string>>): Redactor {
  const nameOf = new Map<string, string>();
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) nameOf.set(form, name);
  }
  if (nameOf.size === 0) return NOTHING_SECRET;
  // The longest first: one secret may be the beginning of another.
  const forms = [...nameOf.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(forms.map(escape).join('|'), 'g');
  const replace = (text: string) => text.replace(pattern, (form) => `[${nameOf.get(form) ?? 'secret'}]`);
  const text = (input: string) => replace(cutSecretAtStart(input, forms, nameOf));
  const value = (input: unknown): unknown => {
    if (typeof input === 'string') return replace(input);
    if (typeof input === 'number')
      return replace(String(input)) === String(input) ? input : replace(String(input));
    if (Array.isArray(input)) return input.map(value);
    if (typeof input !== 'object' || input === null) return input;
    return Object.fromEntries(Object.entries(input).map(([name, member]) => [replace(name), value(member)]));
  };
  return { text, value };
}

function formsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= MIN_LINE_CHARS);
  const forms = secret.length >= MIN_SECRET_CHARS ? [secret, secret.trim(), ...lines] : [];
  return forms.filter((form) => form.length >= MIN_SECRET_CHARS).flatMap((form) => [form, asJson(form)]);
}

/** A tail begins with `…` where it was cut, which may be in the middle of a secret. */
function cutSecretAtStart(
  text: string,
  forms: readonly string[],
  nameOf: ReadonlyMap<string, string>,
): string {
  if (!text.startsWith('…')) return text;
  const rest = text.slice(1);
  for (const form of forms) {
    for (let from = 1; from <= form.length - MIN_SECRET_CHARS; from += 1) {
      const end = form.slice(from);
      if (rest.startsWith(end)) return `…[${nameOf.get(form) ?? 'secret'}]${rest.slice(end.length)}`;
    }
  }
  return text;
}

function asJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
