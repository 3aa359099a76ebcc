import type { StepView, WorkflowView } from '../../core/read-workflow.ts';
import { paintState, type Paint } from './paint.ts';
import { toOneLine } from './safe-text.ts';

/** Colours take no room on a terminal: what is padded is the bare text. */
const inColumn = (painted: string, bare: string): string =>
  painted + ' '.repeat(Math.max(0, 'SUCCEEDED'.length - bare.length));

/** A chain or a set, for reading: its state, then its steps or how many of its members are where. */
export function workflowText(workflow: WorkflowView, paint: Paint): string {
  const { id, kind, queue, state, members, then, result } = workflow;
  const step = (name: string, { task, state: of, reason, error }: StepView): string =>
    [`  ${name.padEnd(5)} ${inColumn(paintState(paint, of), of)}`, task, reason, error && toOneLine(error)]
      .filter(Boolean)
      .join('  ');
  const tasks = [...(workflow.steps ?? []), ...(then ? [then] : [])];
  const failed = state === 'FAILED' ? tasks.find((of) => of.state === 'FAILED') : undefined;
  return [
    `${kind} ${id} on ${queue}: ${paintState(paint, state)}`,
    ...(workflow.steps ?? []).map((of, at) => step(String(at + 1), of)),
    ...(members
      ? [
          `  of ${members.total}: ${members.pending} pending, ${members.running} running, ${members.succeeded} succeeded, ${members.failed} failed, ${members.cancelled} cancelled`,
        ]
      : []),
    ...(then ? [step('then', then)] : []),
    ...(failed ? [`  it goes on when that is redriven: millrace redrive ${failed.task}`] : []),
    ...(state === 'FAILED' && !failed && members?.failed
      ? [`  it goes on when they are redriven: millrace peek ${queue} failed`]
      : []),
    ...(result === undefined ? [] : [`  result ${toOneLine(JSON.stringify(result))}`]),
  ].join('\n');
}
