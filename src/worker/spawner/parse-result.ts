/** Deeper JSON parses, but overflows the stack of whoever stores or prints it. */
const MAX_NESTING = 200;

/**
 * The result that a program wrote as JSON, or why it cannot be one.
 * @param what it is, for the error
 */
export function parseResult(
  text: string,
  what = 'MILLRACE_RESULT',
): { result: unknown } | { resultError: string } {
  if (nestingOf(text) > MAX_NESTING) {
    return { resultError: `${what}: expected JSON nested at most ${MAX_NESTING} deep, got deeper` };
  }
  try {
    return { result: JSON.parse(text) as unknown };
  } catch (error) {
    const got = text === '' ? 'an empty file' : (error as Error).message;
    return { resultError: `${what}: expected JSON, got ${got}` };
  }
}

function nestingOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (inString && character === '\\') index += 1;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}
