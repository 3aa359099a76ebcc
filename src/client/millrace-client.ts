import type { BatchProgress, QueueProgress } from '../core/progress.ts';
import type { TaskList } from '../core/list-tasks.ts';
import { FRESH_KEY_HEADER } from '../core/fresh-key.ts';
import { MAX_WAIT_SECONDS } from '../core/limits.ts';
import type { TaskSpec } from '../core/task-spec.ts';
import type { TaskState } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import type { WorkflowView } from '../core/read-workflow.ts';
import type { StepSpec } from '../core/workflow-row.ts';
import { ApiRequests, query, SAFE, type ClientOptions } from './api-requests.ts';
import { ScheduleCalls } from './schedule-calls.ts';
import { untilEnded } from './until-ended.ts';

/** What every method throws. */
export { MillraceError } from '../core/errors.ts';
export type { ClientOptions } from './api-requests.ts';

/** A chunk of a batch, as it is uploaded. */
export interface ChunkUpload {
  readonly queue: string;
  readonly batch: string;
  /** From 0, without gaps. */
  readonly chunk: number;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** For tasks that do not say their own. */
  readonly timeoutSeconds?: number | undefined;
  readonly maxAttempts?: number | undefined;
}

/** A line that was not taken; `line` counts from 1. */
export interface RefusedLine {
  readonly line: number;
  readonly code: string;
  readonly detail: string;
}

/** The batch as it then is, and what became of the lines of this upload. */
export interface UploadAnswer extends BatchProgress {
  readonly accepted: number;
  /** The first 1,000. */
  readonly refused: readonly RefusedLine[];
  readonly refusedMore?: number;
}

export interface QueueRedrive {
  readonly queue: string;
  readonly redriven: number;
  /** FAILED tasks that could not be redriven now, or whose content is gone. */
  readonly skipped: number;
  /** There are more: call again. */
  readonly more: boolean;
}

/** What became of a wish for workers. */
export interface WorkersAnswer {
  readonly queue: string;
  readonly started: number;
  /** Why there are fewer than were asked for. */
  readonly failures: readonly { readonly reason: string }[];
}

export interface ListOptions {
  readonly state?: TaskState | 'EXPIRED' | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly oldestFirst?: boolean | undefined;
}

/**
 * The HTTP API of Millrace. Every method throws MillraceError: with the code of the API's problem document, or
 * `unavailable` when there was no answer. Requests that may be sent twice are repeated for a while.
 */
export class MillraceClient {
  protected readonly api: ApiRequests;

  /** @param address `http://NAME:KEY@HOST:PORT`; @throws MillraceError `invalid_request` */
  constructor(address: string, options: ClientOptions = {}) {
    this.api = new ApiRequests(address, options);
  }

  /** Under a key of its own when none is given, so that its repetitions make one task. */
  async createTask(queue: string, spec: TaskSpec, idempotencyKey?: string): Promise<TaskView> {
    const key = idempotencyKey ?? crypto.randomUUID();
    const request = {
      method: 'POST' as const,
      path: `/v1/queues/${encodeURIComponent(queue)}/tasks`,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(spec),
    };
    const isOurs = idempotencyKey === undefined;
    return this.api.send<TaskView>(SAFE, request, 0, isOurs ? { [FRESH_KEY_HEADER]: 'true' } : undefined);
  }

  /** The same chunk may be sent any number of times. */
  async uploadChunk(upload: ChunkUpload): Promise<UploadAnswer> {
    const { queue, batch, chunk, contentType, body, timeoutSeconds, maxAttempts } = upload;
    return this.api.send<UploadAnswer>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(queue)}/batches${query({ batch, chunk, timeoutSeconds, maxAttempts })}`,
      headers: { 'content-type': contentType },
      body,
    });
  }

  async readBatch(id: string): Promise<BatchProgress> {
    return this.api.get<BatchProgress>(`/v1/batches/${encodeURIComponent(id)}`);
  }

  /** @param waitSeconds the answer is held until the task has ended, at most so long (20 at most) */
  async readTask(id: string, waitSeconds = 0): Promise<TaskView> {
    const wait = waitSeconds > 0 ? Math.min(waitSeconds, MAX_WAIT_SECONDS) : undefined;
    return this.api.get<TaskView>(`/v1/tasks/${encodeURIComponent(id)}${query({ wait })}`, wait);
  }

  /** The task once it has ended, or as it is when the time is up. */
  async waitForTask(id: string, timeoutMs = Infinity): Promise<TaskView> {
    return untilEnded((waitSeconds) => this.readTask(id, waitSeconds), timeoutMs);
  }

  /** @param body `{steps}`; under a key of its own when none is given */
  async createChain(
    queue: string,
    body: { readonly steps: readonly StepSpec[] },
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<WorkflowView> {
    return this.#createWorkflow(queue, 'chains', body, idempotencyKey);
  }

  /** @param body `{tasks, then, evenIfFailed?}`; under a key of its own when none is given */
  async createSet(
    queue: string,
    body: { readonly tasks: readonly TaskSpec[]; readonly then: StepSpec; readonly evenIfFailed?: boolean },
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<WorkflowView> {
    return this.#createWorkflow(queue, 'sets', body, idempotencyKey);
  }

  /** @param waitSeconds the answer is held until it has ended, at most so long (20 at most) */
  async readWorkflow(id: string, waitSeconds = 0): Promise<WorkflowView> {
    const wait = waitSeconds > 0 ? Math.min(waitSeconds, MAX_WAIT_SECONDS) : undefined;
    return this.api.get<WorkflowView>(`/v1/workflows/${encodeURIComponent(id)}${query({ wait })}`, wait);
  }

  /** The workflow once it has ended, or as it is when the time is up. */
  async waitForWorkflow(id: string, timeoutMs = Infinity): Promise<WorkflowView> {
    return untilEnded((waitSeconds) => this.readWorkflow(id, waitSeconds), timeoutMs);
  }

  async cancelWorkflow(id: string): Promise<WorkflowView> {
    return this.api.send<WorkflowView>(SAFE, {
      method: 'POST',
      path: `/v1/workflows/${encodeURIComponent(id)}/cancel`,
    });
  }

  /** Cancelling twice is cancelling once. */
  async cancel(id: string): Promise<TaskView> {
    return this.api.send<TaskView>(SAFE, {
      method: 'POST',
      path: `/v1/tasks/${encodeURIComponent(id)}/cancel`,
    });
  }

  async redrive(id: string): Promise<TaskView> {
    return this.api.post<TaskView>(`/v1/tasks/${encodeURIComponent(id)}/redrive`);
  }

  /** One page; it may be short, or empty, and still have a cursor. */
  async listTasks(queue: string, options: ListOptions = {}): Promise<TaskList> {
    const { state, limit, cursor, oldestFirst } = options;
    const order = oldestFirst ? 'oldest' : undefined;
    return this.api.get<TaskList>(
      `/v1/queues/${encodeURIComponent(queue)}/tasks${query({ state, limit, order, cursor })}`,
    );
  }

  async queues(): Promise<readonly QueueProgress[]> {
    return (await this.api.get<{ queues: readonly QueueProgress[] }>('/v1/queues')).queues;
  }

  async queue(name: string): Promise<QueueProgress> {
    return this.api.get<QueueProgress>(`/v1/queues/${encodeURIComponent(name)}`);
  }

  /** Runs FAILED tasks of a queue again, as many as one call may. */
  async redriveQueue(name: string): Promise<QueueRedrive> {
    return this.api.post(`/v1/queues/${encodeURIComponent(name)}/redrive`);
  }

  /** Cancels all that nobody runs yet. */
  async purge(name: string): Promise<{ queue: string; purgedBefore: string }> {
    return this.api.send<{ queue: string; purgedBefore: string }>(!SAFE, {
      method: 'DELETE',
      path: `/v1/queues/${encodeURIComponent(name)}/tasks${query({ confirm: name })}`,
    });
  }

  async pause(name: string): Promise<QueueProgress> {
    return this.api.post(`/v1/queues/${encodeURIComponent(name)}/pause`);
  }

  async resume(name: string): Promise<QueueProgress> {
    return this.api.post(`/v1/queues/${encodeURIComponent(name)}/resume`);
  }

  /** Starts workers of a deployed stack now, beside those that it starts by itself. Its repetitions start them once. */
  async startWorkers(
    name: string,
    wish: { readonly count: number; readonly mode: 'until-empty' | 'forever' },
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<WorkersAnswer> {
    return this.api.send<WorkersAnswer>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(name)}/workers`,
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(wish),
    });
  }

  /** Schedules of its queues. */
  readonly schedules = new ScheduleCalls((mayRepeat, request) => this.api.send(mayRepeat, request));

  /** Whether what the API depends on can be reached. */
  async health(): Promise<Record<string, unknown>> {
    return this.api.get('/healthz');
  }

  async #createWorkflow(queue: string, kind: string, body: object, key: string): Promise<WorkflowView> {
    return this.api.send<WorkflowView>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(queue)}/${kind}`,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
  }
}
