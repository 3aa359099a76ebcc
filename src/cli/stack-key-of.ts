import type { Stack } from '../local/stack-file.ts';

/** The key of a local stack, which its address bears. */
export function stackKey(stack: Pick<Stack, 'api'>): string {
  return decodeURIComponent(new URL(stack.api).password);
}
