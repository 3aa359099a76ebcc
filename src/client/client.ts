import type { TaskDefinition } from '../core/define-task.ts';
import { isTerminal } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import { call, type CallSettings, type Enqueueable, type Leaves, type ResultOf, type Step } from './call.ts';
import { enqueueBatch, type BatchAnswer, type BatchOptions } from './enqueue-batch.ts';
import { MillraceClient } from './millrace-client.ts';
import { notInTime, TaskCancelledError, TaskFailedError } from './task-errors.ts';
import { WorkflowHandle } from './workflow-handle.ts';

/** Where a task goes, and under which key. */
export interface Where {
  /** `default` unless told. */
  readonly queue?: string;
  /** The same content under the same key is the same task. Without one, each call makes a task. */
  readonly idempotencyKey?: string;
}
export type EnqueueOptions = Where & CallSettings;
export interface Patience {
  /** How long to wait; for ever unless told. */
  readonly timeoutMs?: number;
}
/** A task that was enqueued, and what its handler returns. */
export type TypedTask<Result> = TaskView & Leaves<Result>;

type LastOf<Steps extends readonly unknown[]> = Steps extends readonly [...unknown[], infer Last]
  ? Last
  : unknown;

/**
 * Millrace for programs: tasks that are typed by their definitions. Every method throws MillraceError, with the
 * code of the API's problem document, or `unavailable` when there was no answer.
 */
export class Client extends MillraceClient {
  /**
   * Enqueues a call of a named handler, or a command, an argv or a call as they are.
   * @returns the task, accepted
   * @throws MillraceError `invalid_task` when the definition does not take the arguments: nothing is sent then
   */
  async enqueue<Args, Result>(
    definition: TaskDefinition<Args, Result>,
    args: Args,
    options?: EnqueueOptions,
  ): Promise<TypedTask<Result>>;
  async enqueue<Spec extends Enqueueable>(
    spec: Spec,
    options?: EnqueueOptions,
  ): Promise<TypedTask<ResultOf<Spec>>>;
  async enqueue(
    what: TaskDefinition<unknown> | Enqueueable,
    argsOrOptions?: unknown,
    more?: EnqueueOptions,
  ): Promise<TaskView> {
    const isDefinition = 'run' in what;
    const {
      queue = 'default',
      idempotencyKey,
      ...settings
    } = (isDefinition ? more : (argsOrOptions as EnqueueOptions | undefined)) ?? {};
    const spec = isDefinition ? call(what, argsOrOptions, settings) : { ...what, ...settings };
    return this.createTask(queue, spec, idempotencyKey);
  }

  /**
   * Enqueues any number of tasks, in bounded memory: reads on when chunks have been taken. Given the same items and
   * the same batch id again, it goes on where it stood, and doubles nothing.
   * @throws MillraceError; what was taken until then stays, and is in the batch
   */
  async enqueueBatch(
    items: Iterable<Enqueueable> | AsyncIterable<Enqueueable>,
    options: BatchOptions = {},
  ): Promise<BatchAnswer> {
    return enqueueBatch(this, items, options);
  }

  async status(id: string): Promise<TaskView> {
    return this.readTask(id);
  }

  /** The task once it has ended, or as it is when the time is up. */
  async wait(id: string, { timeoutMs }: Patience = {}): Promise<TaskView> {
    return this.waitForTask(id, timeoutMs);
  }

  /**
   * What a task left: what its handler returned, or the JSON that its program wrote to MILLRACE_RESULT.
   * @throws TaskFailedError, TaskCancelledError, MillraceError `timeout`: the task goes on
   */
  async result<Result>(task: TypedTask<Result>, patience?: Patience): Promise<Result>;
  async result(id: string, patience?: Patience): Promise<unknown>;
  async result(
    task: string | { readonly id: string },
    { timeoutMs = Infinity }: Patience = {},
  ): Promise<unknown> {
    const id = typeof task === 'string' ? task : task.id;
    const ended = await this.waitForTask(id, timeoutMs);
    if (!isTerminal(ended.state)) throw notInTime(`Task ${id}`, ended.state, timeoutMs);
    if (ended.state === 'FAILED') throw new TaskFailedError(ended);
    if (ended.state === 'CANCELLED') throw new TaskCancelledError(ended);
    return ended.result;
  }

  /** Enqueues a call, waits for its end, and gives what the handler returned. Throws as `enqueue` and `result` do. */
  async run<Args, Result>(
    definition: TaskDefinition<Args, Result>,
    args: Args,
    { timeoutMs, ...options }: EnqueueOptions & Patience = {},
  ): Promise<Result> {
    const task = await this.enqueue(definition, args, options);
    return this.result(task, timeoutMs === undefined ? {} : { timeoutMs });
  }

  /** Runs tasks one after another, each fed with what the one before it left. */
  async chain<const Steps extends readonly [Step, ...Step[]]>(
    steps: Steps,
    { queue = 'default', idempotencyKey }: Where = {},
  ): Promise<WorkflowHandle<ResultOf<LastOf<Steps>>>> {
    const { id } = await this.createChain(queue, { steps }, idempotencyKey);
    return new WorkflowHandle(this, id);
  }

  /**
   * Runs tasks at once, and `then` when all have SUCCEEDED, with what they left as an array.
   * @param options.evenIfFailed runs `then` once all have ended, with `[{state, result?, reason?, error?}]`
   */
  async set<Then extends Step>(
    tasks: readonly Enqueueable[],
    {
      then,
      evenIfFailed,
      queue = 'default',
      idempotencyKey,
    }: Where & { readonly then: Then; readonly evenIfFailed?: boolean },
  ): Promise<WorkflowHandle<ResultOf<Then>>> {
    const body = { tasks, then, ...(evenIfFailed !== undefined && { evenIfFailed }) };
    const { id } = await this.createSet(queue, body, idempotencyKey);
    return new WorkflowHandle(this, id);
  }

  /** A chain or a set that was taken before. */
  workflow<Result = unknown>(id: string): WorkflowHandle<Result> {
    return new WorkflowHandle(this, id);
  }
}
