import { cancelTask } from './cancel.ts';
import type { Ending } from './claimant.ts';
import { cancelNext } from './continue-workflow.ts';
import { MillraceError } from './errors.ts';
import { readChainStates, unknownWorkflow } from './read-workflow.ts';
import { isTerminal } from './task-states.ts';
import { callbackId, memberId, type WorkflowRow } from './workflow-row.ts';

const MAX_RACES = 10;
/** Members that are cancelled at the same time. */
const AT_ONCE = 16;

/**
 * Cancels a workflow: nothing of it is begun any more, what waits is CANCELLED, and what runs is asked to end. The
 * mark on its row goes first: whoever continues the workflow after that sees it, and whatever was begun before is
 * found here.
 * @throws MillraceError `unknown_workflow`, `wrong_state` when it has come to its end
 */
export async function cancelWorkflow(ending: Ending, id: string): Promise<void> {
  const { ports } = ending;
  const before = await ports.workflows.read(id);
  // One that was never accepted has no message that could see to the end of what is cancelled here.
  if (!before) throw unknownWorkflow(id);
  if (before.kind === 'chain') await readChainStates(ports, before);
  else if (!(await ports.batches.read(id))) throw unknownWorkflow(id);
  const workflow = await ports.workflows.cancel(id, ports.clock());
  if (!workflow) throw unknownWorkflow(id);
  await (workflow.kind === 'chain' ? cancelChain(ending, workflow) : cancelSet(ending, workflow));
}

/** The step that is next to end is cancelled; one that ends meanwhile leaves that to the step behind it. */
async function cancelChain(ending: Ending, workflow: WorkflowRow): Promise<void> {
  for (let race = 0; race < MAX_RACES; race += 1) {
    const states = await readChainStates(ending.ports, workflow);
    const open = states.findIndex((state) => state !== 'SUCCEEDED');
    if (open < 0) throw hasEnded(workflow.id);
    const state = states[open];
    if (state === 'FAILED' || state === 'CANCELLED') return;
    if (await cancelledNow(ending, workflow, open + 1)) return;
  }
  throw new MillraceError('unavailable', `Workflow ${workflow.id} keeps changing.`, { hint: 'Try again.' });
}

async function cancelSet(ending: Ending, workflow: WorkflowRow): Promise<void> {
  const { ports } = ending;
  const callback = await ports.tasks.read(callbackId(workflow.id));
  if (callback && isTerminal(callback.state) && callback.state !== 'CANCELLED') throw hasEnded(workflow.id);
  const ids = Array.from({ length: workflow.total }, (_, at) => memberId(workflow.id, at + 1));
  const rows = await ports.tasks.showMany(ids);
  const open = ids.filter(
    (id) => !isTerminal(rows.get(id)?.state ?? 'none') && !isForgotten(workflow, id, rows),
  );
  let next = 0;
  const cancelOthers = async () => {
    for (let at = next++; at < open.length; at = next++)
      await unlessEnded(() => cancelTask(ending, open[at] ?? ''));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, cancelOthers));
  // All had ended before the mark was set: its callback may be on its way. If not, the mark keeps it from being sent.
  if (workflow.done.length === workflow.total) await cancelledNow(ending, workflow, 'then');
}

/** A member that is done and has no row any more. */
function isForgotten({ done }: WorkflowRow, id: string, rows: ReadonlyMap<string, unknown>): boolean {
  return !rows.has(id) && done.includes(Number(id.slice(id.lastIndexOf('.') + 1)));
}

/** False when it has ended otherwise meanwhile. */
async function cancelledNow(ending: Ending, workflow: WorkflowRow, step: number | 'then'): Promise<boolean> {
  return unlessEnded(() => cancelNext(ending, workflow, step));
}

async function unlessEnded(cancel: () => Promise<unknown>): Promise<boolean> {
  try {
    await cancel();
    return true;
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'wrong_state') return false;
    throw error;
  }
}

function hasEnded(id: string): MillraceError {
  return new MillraceError('wrong_state', `Workflow ${id} has ended already.`, {
    expected: 'a workflow that has not come to its end',
    got: 'one that has',
    hint: 'Nothing needs to be done.',
  });
}
