import type { StepSpec, WorkflowRow } from './workflow-row.ts';

/** Chains and sets; a port as those in ports.ts. */
export interface WorkflowStore {
  /**
   * Stores a workflow unless it is there; returns the one that is there then.
   * @param steps of a chain its steps, of a set its callback alone
   */
  store(row: WorkflowRow, steps: readonly StepSpec[]): Promise<WorkflowRow | undefined>;
  read(id: string): Promise<WorkflowRow | undefined>;
  readSteps(id: string): Promise<readonly StepSpec[] | undefined>;
  /** Adds a member to those that are done. Answers the row right after that, or undefined when there is none. */
  addDone(id: string, member: number): Promise<WorkflowRow | undefined>;
  /** Marks it cancelled, the first time for good. Answers as `addDone` does. */
  cancel(id: string, at: number): Promise<WorkflowRow | undefined>;
  /** @param expiresAt seconds */
  extend(id: string, expiresAt: number): Promise<void>;
}
