/** What an example's session must have shown, in the words of what its forerunner promised. */
export interface Promised {
  readonly says: string;
  /** @param out all that the session wrote to STDOUT */
  holds(out: string): boolean;
}

/** What a session wrote under one of its headings (`# …`). */
export function under(out: string, heading: string): string {
  const [, rest = ''] = out.split(`\n# ${heading}`, 2);
  return rest.slice(rest.indexOf('\n') + 1).split('\n# ', 1)[0] ?? '';
}

/** How often a pattern occurs. */
export function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(new RegExp(pattern, 'g'))].length;
}
