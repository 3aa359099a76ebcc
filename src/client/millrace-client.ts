import type { BatchProgress, QueueProgress } from '../core/progress.ts';
import type { TaskList } from '../core/list-tasks.ts';
import { MAX_WAIT_SECONDS } from '../core/limits.ts';
import type { TaskSpec } from '../core/task-spec.ts';
import { isTerminal, type TaskState } from '../core/task-states.ts';
import type { TaskView } from '../core/task-view.ts';
import { parseEndpoint, type Endpoint } from './endpoint.ts';
import { ScheduleCalls } from './schedule-calls.ts';
import { withRetries, type RetryPolicy } from './retry.ts';
import { sendRequest, type ApiRequest } from './send-request.ts';

/** What every method throws. */
export { MillraceError } from '../core/errors.ts';

export interface ClientOptions {
  /** Ends every request of this client. */
  readonly signal?: AbortSignal;
  /** How long one request may take, without the time that the API is asked to wait; default 30,000. */
  readonly timeoutMs?: number;
  /** How long requests that may be repeated are repeated, from their first failure; default 2,000. */
  readonly patienceMs?: number;
  /** Told before each repetition. */
  readonly onRetry?: RetryPolicy['onRetry'];
  readonly fetch?: typeof fetch;
}

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

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_PATIENCE_MS = 2000;
const SAFE = true;

/**
 * The HTTP API of Millrace. Every method throws MillraceError: with the code of the API's problem document, or
 * `unavailable` when there was no answer. Requests that may be sent twice are repeated for a while.
 */
export class MillraceClient {
  readonly #endpoint: Endpoint;
  readonly #options: ClientOptions;

  /** @param address `http://NAME:KEY@HOST:PORT`; @throws MillraceError `invalid_request` */
  constructor(address: string, options: ClientOptions = {}) {
    this.#endpoint = parseEndpoint(address);
    this.#options = options;
  }

  /** Under a key of its own when none is given, so that its repetitions make one task. */
  async createTask(
    queue: string,
    spec: TaskSpec,
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<TaskView> {
    return this.#send<TaskView>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(queue)}/tasks`,
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(spec),
    });
  }

  /** The same chunk may be sent any number of times. */
  async uploadChunk(upload: ChunkUpload): Promise<UploadAnswer> {
    const { queue, batch, chunk, contentType, body, timeoutSeconds, maxAttempts } = upload;
    return this.#send<UploadAnswer>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(queue)}/batches${query({ batch, chunk, timeoutSeconds, maxAttempts })}`,
      headers: { 'content-type': contentType },
      body,
    });
  }

  async readBatch(id: string): Promise<BatchProgress> {
    return this.#get<BatchProgress>(`/v1/batches/${encodeURIComponent(id)}`);
  }

  /** @param waitSeconds the answer is held until the task has ended, at most so long (20 at most) */
  async readTask(id: string, waitSeconds = 0): Promise<TaskView> {
    const wait = waitSeconds > 0 ? Math.min(waitSeconds, MAX_WAIT_SECONDS) : undefined;
    return this.#get<TaskView>(`/v1/tasks/${encodeURIComponent(id)}${query({ wait })}`, wait);
  }

  /** The task once it has ended, or as it is when the time is up. */
  async waitForTask(id: string, timeoutMs = Infinity): Promise<TaskView> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(0, until - performance.now());
      const task = await this.readTask(id, Math.ceil(leftMs) / 1000);
      if (isTerminal(task.state) || performance.now() >= until) return task;
    }
  }

  /** Cancelling twice is cancelling once. */
  async cancel(id: string): Promise<TaskView> {
    return this.#send<TaskView>(SAFE, { method: 'POST', path: `/v1/tasks/${encodeURIComponent(id)}/cancel` });
  }

  async redrive(id: string): Promise<TaskView> {
    return this.#post<TaskView>(`/v1/tasks/${encodeURIComponent(id)}/redrive`);
  }

  /** One page; it may be short, or empty, and still have a cursor. */
  async listTasks(queue: string, options: ListOptions = {}): Promise<TaskList> {
    const { state, limit, cursor, oldestFirst } = options;
    const order = oldestFirst ? 'oldest' : undefined;
    return this.#get<TaskList>(
      `/v1/queues/${encodeURIComponent(queue)}/tasks${query({ state, limit, order, cursor })}`,
    );
  }

  async queues(): Promise<readonly QueueProgress[]> {
    return (await this.#get<{ queues: readonly QueueProgress[] }>('/v1/queues')).queues;
  }

  async queue(name: string): Promise<QueueProgress> {
    return this.#get<QueueProgress>(`/v1/queues/${encodeURIComponent(name)}`);
  }

  /** Runs FAILED tasks of a queue again, as many as one call may. */
  async redriveQueue(name: string): Promise<QueueRedrive> {
    return this.#post(`/v1/queues/${encodeURIComponent(name)}/redrive`);
  }

  /** Cancels all that nobody runs yet. */
  async purge(name: string): Promise<{ queue: string; purgedBefore: string }> {
    return this.#send<{ queue: string; purgedBefore: string }>(!SAFE, {
      method: 'DELETE',
      path: `/v1/queues/${encodeURIComponent(name)}/tasks${query({ confirm: name })}`,
    });
  }

  async pause(name: string): Promise<QueueProgress> {
    return this.#post(`/v1/queues/${encodeURIComponent(name)}/pause`);
  }

  async resume(name: string): Promise<QueueProgress> {
    return this.#post(`/v1/queues/${encodeURIComponent(name)}/resume`);
  }

  /** Starts workers of a deployed stack now, beside those that it starts by itself. Its repetitions start them once. */
  async startWorkers(
    name: string,
    wish: { readonly count: number; readonly mode: 'until-empty' | 'forever' },
    idempotencyKey: string = crypto.randomUUID(),
  ): Promise<WorkersAnswer> {
    return this.#send<WorkersAnswer>(SAFE, {
      method: 'POST',
      path: `/v1/queues/${encodeURIComponent(name)}/workers`,
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(wish),
    });
  }

  /** Schedules of its queues. */
  readonly schedules = new ScheduleCalls((mayRepeat, request) => this.#send(mayRepeat, request));

  /** Whether what the API depends on can be reached. */
  async health(): Promise<Record<string, unknown>> {
    return this.#get('/healthz');
  }

  async #get<T>(path: string, waitSeconds = 0): Promise<T> {
    return this.#send<T>(SAFE, { method: 'GET', path }, waitSeconds * 1000);
  }

  async #post<T>(path: string): Promise<T> {
    return this.#send<T>(!SAFE, { method: 'POST', path });
  }

  async #send<T>(
    mayRepeat: boolean,
    request: Omit<ApiRequest, 'timeoutMs' | 'signal'>,
    waitMs = 0,
  ): Promise<T> {
    const { signal, fetch: fetchFn = fetch, onRetry } = this.#options;
    const timeoutMs = (this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS) + waitMs;
    const policy: RetryPolicy = {
      patienceMs: mayRepeat ? (this.#options.patienceMs ?? DEFAULT_PATIENCE_MS) : 0,
      baseMs: 100,
      capMs: 5000,
      random: Math.random,
      clock: () => performance.now(),
      ...(onRetry && { onRetry }),
    };
    // What the API sends is what the types of the core say: both come from the same commit.
    return (await withRetries(
      () => sendRequest(this.#endpoint, { ...request, timeoutMs, signal }, fetchFn),
      policy,
      signal,
    )) as T;
  }
}

function query(values: Record<string, string | number | undefined>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) given.set(name, String(value));
  }
  return given.size === 0 ? '' : `?${given.toString()}`;
}
