import { InvalidArgumentError } from 'commander';

/** A parser for an option that is a number within these bounds. */
export function numberBetween(min: number, max: number, isWhole: boolean): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new InvalidArgumentError(
      max === Infinity ? `Expected ${kind} of at least ${min}.` : `Expected ${kind} from ${min} to ${max}.`,
    );
  };
}

/** A collector for an option `NAME=VALUE` that may come several times; the last of a name wins. */
export function collectPairs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Expected NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** The words behind `--`, which commander hands over without saying where they were; undefined without `--`. */
export function wordsAfterDashes(argv: readonly string[]): readonly string[] | undefined {
  const at = argv.indexOf('--');
  return at === -1 ? undefined : argv.slice(at + 1);
}
