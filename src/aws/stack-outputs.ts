import { MillraceError } from '../core/errors.ts';

/** What the deployed stack tells of itself: its outputs, by their names. */
export type StackOutputs = Readonly<Record<string, string>>;

/** @throws MillraceError `unavailable` when the stack is none of Millrace, or not deployed as a whole */
export function requireOutput(outputs: StackOutputs, output: string, stack: string): string {
  const value = outputs[output];
  if (value) return value;
  throw new MillraceError('unavailable', `The stack ${stack} has no output ${output}.`, {
    expected: 'a stack of Millrace that is deployed',
    got: `the outputs ${Object.keys(outputs).join(', ') || '(none)'}`,
    hint: 'Check the name of the stack and the region, and deploy it with the version of this command.',
  });
}
