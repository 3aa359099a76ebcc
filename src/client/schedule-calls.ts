import type { ScheduleSpec, ScheduleView } from '../core/schedule.ts';
import type { ApiRequest } from './send-request.ts';

export interface ScheduleList {
  readonly schedules: readonly ScheduleView[];
  /** For the next page; absent at the end. */
  readonly cursor?: string;
}

/** Sends one request. @param mayRepeat whether to send it again when its answer is lost */
type Send = <T>(mayRepeat: boolean, request: Omit<ApiRequest, 'timeoutMs' | 'signal'>) => Promise<T>;

/** The calls of `client.schedules`. Each throws a MillraceError. */
export class ScheduleCalls {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Makes a schedule; the same again changes nothing.
   * @param options `replace`: puts it in the place of another of this name, which is a conflict otherwise
   */
  async put(queue: string, spec: ScheduleSpec, options: { replace?: boolean } = {}): Promise<ScheduleView> {
    return this.#send(true, {
      method: 'POST',
      path: `${pathOf(queue)}${options.replace ? '?replace=true' : ''}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(spec),
    });
  }

  /** One page, by name; it may be short, and still have a cursor. */
  async list(queue: string, options: { limit?: number; cursor?: string } = {}): Promise<ScheduleList> {
    const query = new URLSearchParams();
    if (options.limit !== undefined) query.set('limit', String(options.limit));
    if (options.cursor !== undefined) query.set('cursor', options.cursor);
    return this.#send(true, { method: 'GET', path: `${pathOf(queue)}?${query.toString()}` });
  }

  async read(queue: string, name: string): Promise<ScheduleView> {
    return this.#send(true, { method: 'GET', path: pathOf(queue, name) });
  }

  /** Tasks that it has made stay. */
  async remove(queue: string, name: string): Promise<void> {
    await this.#send(false, { method: 'DELETE', path: pathOf(queue, name) });
  }

  async pause(queue: string, name: string): Promise<ScheduleView> {
    return this.#send(true, { method: 'POST', path: `${pathOf(queue, name)}/pause` });
  }

  /** What it has missed meanwhile is not made up for. */
  async resume(queue: string, name: string): Promise<ScheduleView> {
    return this.#send(true, { method: 'POST', path: `${pathOf(queue, name)}/resume` });
  }
}

function pathOf(queue: string, name?: string): string {
  const schedules = `/v1/queues/${encodeURIComponent(queue)}/schedules`;
  return name === undefined ? schedules : `${schedules}/${encodeURIComponent(name)}`;
}
