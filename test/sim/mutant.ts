import type { ChangesTogether, LedgerStore, Ports, TaskStore } from '../../src/core/ports.ts';
import type { TaskChange } from '../../src/core/transition.ts';
import type { WorkflowStore } from '../../src/core/workflow-store.ts';
import type { Mutant, MutantHost } from './world.ts';

type ChangeTask = TaskStore['change'];

/** Breaks what is asked of the table of tasks. */
export function breakChanges(
  breakIt: (
    change: TaskChange,
    send: ChangeTask,
    process: MutantHost,
    ports: Ports,
  ) => ReturnType<ChangeTask>,
): NonNullable<Mutant['ports']> {
  return (ports, process) => ({
    ...ports,
    tasks: {
      ...withoutTogether(ports.tasks),
      change: (change) => breakIt(change, (other) => ports.tasks.change(other), process, ports),
    },
  });
}

function withoutTogether({ together: _, ...tasks }: TaskStore): TaskStore {
  return tasks;
}

/** Breaks what is asked of the table of tasks in requests of several changes, which there are then. */
export function breakTogether(
  breakIt: (
    changes: readonly TaskChange[],
    together: ChangesTogether,
    process: MutantHost,
  ) => Promise<readonly boolean[]>,
): NonNullable<Mutant['ports']> {
  return (ports, process) => {
    const { together } = ports.tasks;
    if (!together) return ports;
    const change = (changes: readonly TaskChange[]) => breakIt(changes, together, process);
    return { ...ports, tasks: { ...ports.tasks, together: { ...together, change } } };
  };
}

/** Breaks what is asked of the ledgers. */
export function breakLedgers(
  breakIt: (ledgers: LedgerStore, process: MutantHost) => Partial<LedgerStore>,
): NonNullable<Mutant['ports']> {
  return (ports, process) => ({
    ...ports,
    ledgers: { ...ports.ledgers, ...breakIt(ports.ledgers, process) },
  });
}

/** The task of a message as it was received. */
export function taskIdOf(messageId: string, body: string, version: string | undefined): string {
  return (version === undefined ? undefined : /^{"id":"([^"]+)"/.exec(body)?.[1]) ?? messageId;
}

/** Breaks what is asked of the workflows. */
export function breakWorkflows(
  breakIt: (workflows: WorkflowStore, process: MutantHost) => Partial<WorkflowStore>,
): NonNullable<Mutant['ports']> {
  return (ports, process) => ({
    ...ports,
    workflows: { ...ports.workflows, ...breakIt(ports.workflows, process) },
  });
}
