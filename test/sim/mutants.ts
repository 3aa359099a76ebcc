import { CLAIM_MUTANTS } from './claim-mutants.ts';
import { COUNT_MUTANTS } from './count-mutants.ts';
import { MESSAGE_MUTANTS } from './message-mutants.ts';
import { RENEWAL_MUTANTS } from './renewal-mutants.ts';
import { TOGETHER_MUTANTS } from './together-mutants.ts';
import { WORKFLOW_MUTANTS } from './workflow-mutants.ts';
import type { Mutant } from './world.ts';

/** Every deliberate break of the protocol; each must be caught. */
export const MUTANTS: readonly Mutant[] = [
  ...CLAIM_MUTANTS,
  ...COUNT_MUTANTS,
  ...MESSAGE_MUTANTS,
  ...RENEWAL_MUTANTS,
  ...TOGETHER_MUTANTS,
  ...WORKFLOW_MUTANTS,
];
