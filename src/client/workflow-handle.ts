import type { WorkflowView } from '../core/read-workflow.ts';
import { isTerminal } from '../core/task-states.ts';
import type { MillraceClient } from './millrace-client.ts';
import { notInTime, TaskCancelledError, TaskFailedError } from './task-errors.ts';

/** A chain or a set that was taken; `Result` is what its last step, or its callback, leaves. */
export class WorkflowHandle<Result> {
  readonly id: string;
  readonly #client: MillraceClient;

  constructor(client: MillraceClient, id: string) {
    this.#client = client;
    this.id = id;
  }

  async status(): Promise<WorkflowView> {
    return this.#client.readWorkflow(this.id);
  }

  /** As it is once it has ended, or when the time is up. FAILED is an end that a redrive can take back. */
  async wait({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<WorkflowView> {
    return this.#client.waitForWorkflow(this.id, timeoutMs);
  }

  /** @throws TaskFailedError, TaskCancelledError, MillraceError `timeout`: the workflow goes on */
  async result({ timeoutMs = Infinity }: { readonly timeoutMs?: number } = {}): Promise<Result> {
    const workflow = await this.wait({ timeoutMs });
    if (!isTerminal(workflow.state)) throw notInTime(`Workflow ${this.id}`, workflow.state, timeoutMs);
    if (workflow.state === 'SUCCEEDED') return workflow.result as Result;
    const ended = [...(workflow.steps ?? []), ...(workflow.then ? [workflow.then] : [])].find(
      ({ state }) => state === workflow.state,
    );
    const task = ended && (await this.#client.readTask(ended.task));
    throw workflow.state === 'FAILED'
      ? new TaskFailedError(task, workflow)
      : new TaskCancelledError(task, workflow);
  }

  /** Cancels what waits, what runs, and what would come. */
  async cancel(): Promise<WorkflowView> {
    return this.#client.cancelWorkflow(this.id);
  }
}
