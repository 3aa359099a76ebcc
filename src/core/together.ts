import type { TaskRow } from './task-row.ts';
import { statesBefore, transition, type TaskChange } from './transition.ts';

/** A change that can share a request with others, and the row that it leaves when it takes effect. */
export interface Foretold {
  readonly change: TaskChange;
  readonly row: TaskRow;
}

/**
 * A change as one of several in a request, whose answer tells only whether it took effect: so it is either of a row
 * that is not there yet, or of one that this process knows, since it holds its token. Its condition then says all
 * that may have happened to the row meanwhile. Refused, it is asked again alone, and the row tells why.
 * @returns undefined when it has to be asked alone
 */
export function foretell(change: TaskChange): Foretold | undefined {
  if (change.isBirth) return leaving(undefined, { ...change, from: ['none'], guard: {} });
  const { known, guard } = change;
  if (!known || typeof guard.token !== 'string') return undefined;
  if (statesBefore(change).join() !== known.state) return undefined;
  // Nobody else writes to a row whose token is held, but for a request to cancel.
  const seesCancel = change.clear?.includes('cancelRequested') ?? false;
  return leaving(known, seesCancel ? change : { ...change, guard: { ...guard, noCancelRequest: true } });
}

function leaving(before: TaskRow | undefined, change: TaskChange): Foretold | undefined {
  const after = transition(before, change);
  if (!after) return undefined;
  const row: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(after)) if (value !== undefined) row[name] = value;
  return { change, row: row as unknown as TaskRow };
}
