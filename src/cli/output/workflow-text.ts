import type { StepView, WorkflowView } from '../../core/read-workflow.ts';
import { paintState, type Paint } from './paint.ts';
import { toOneLine } from './safe-text.ts';

/** A chain or a set, for reading: its state, then its steps or how many of its members are where. */
export function workflowText(workflow: WorkflowView, paint: Paint): string {
  const { id, kind, queue, state, members, then, result } = workflow;
  const step = (name: string, { task, state: of, reason, error }: StepView): string =>
    [`  ${name.padEnd(5)} ${paintState(paint, of)}`, task, reason, error && toOneLine(error)]
      .filter(Boolean)
      .join('  ');
  return [
    `${kind} ${id} on ${queue}: ${paintState(paint, state)}`,
    ...(workflow.steps ?? []).map((of, at) => step(String(at + 1), of)),
    ...(members
      ? [
          `  of ${members.total}: ${members.pending} pending, ${members.running} running, ${members.succeeded} succeeded, ${members.failed} failed, ${members.cancelled} cancelled`,
        ]
      : []),
    ...(then ? [step('then', then)] : []),
    ...(result === undefined ? [] : [`  result ${toOneLine(JSON.stringify(result))}`]),
  ].join('\n');
}
