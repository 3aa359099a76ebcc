import type { TaskContent } from './envelope.ts';
import { feedStep, handedOn, handedOnByAll, refuseFeed } from './feed-step.ts';
import { MAX_FED_BYTES } from './limits.ts';
import { NewerRowError } from './newer-row.ts';
import type { Ports } from './ports.ts';
import { isTerminal } from './task-states.ts';
import type { TaskRow } from './task-row.ts';
import { byteLength } from './task-spec.ts';
import { memberId, type StepSpec, type WorkflowRow } from './workflow-row.ts';

/** What the callback of a set that is called even if members failed is told of each. */
interface MemberEnd {
  readonly state: string;
  readonly result?: unknown;
  readonly reason?: string;
  readonly error?: string;
}

/**
 * The callback of a set with what its members left, in their order. Undefined when it is not to be called now: a
 * member that had ended is being run again, and its new end will ask once more.
 * @throws NewerRowError: what a newer version left is handed on by a newer version
 */
export async function feedCallback(
  ports: Pick<Ports, 'tasks'>,
  workflow: WorkflowRow,
  callback: StepSpec,
): Promise<TaskContent | undefined> {
  const ids = Array.from({ length: workflow.total }, (_, at) => memberId(workflow.id, at + 1));
  const rows = await ports.tasks.showMany(ids);
  for (const { id, newerVersion } of rows.values())
    if (newerVersion !== undefined) throw new NewerRowError(id, newerVersion);
  if (workflow.evenIfFailed && [...rows.values()].some(({ state }) => !isTerminal(state))) return undefined;
  const values: unknown[] = [];
  let bytes = 2;
  for (const id of ids) {
    const value = await leftBy(ports, rows.get(id), workflow.evenIfFailed === true);
    bytes += byteLength(JSON.stringify(value)) + 1;
    if (bytes > MAX_FED_BYTES)
      return refuseFeed(
        callback,
        `what the members left is more than the ${MAX_FED_BYTES} bytes it can be handed`,
      );
    values.push(value);
  }
  return feedStep(callback, handedOnByAll(values));
}

/** A row that is gone had ended more than a month before the last member did. */
async function leftBy(
  { tasks }: Pick<Ports, 'tasks'>,
  row: TaskRow | undefined,
  withState: boolean,
): Promise<unknown> {
  if (!row) return withState ? ({ state: 'FORGOTTEN' } satisfies MemberEnd) : null;
  const output = row.outputOf === undefined ? undefined : await tasks.readOutput(row.id);
  const left = handedOn(row, output);
  if (!withState) return left?.value ?? null;
  return {
    state: row.state,
    ...(left && { result: left.value }),
    ...(row.reason && { reason: row.reason }),
    ...(row.error !== undefined && { error: row.error }),
  } satisfies MemberEnd;
}
