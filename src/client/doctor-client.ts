import type { BatchFacts, DoctorSource } from '../core/doctor/doctor-source.ts';
import { ApiRequests, query, SAFE, type ClientOptions } from './api-requests.ts';

/** What the doctor asks first. */
export interface DoctorAnswer {
  readonly version: string;
  /** Version of rows and messages. */
  readonly protocol: number;
  /** ISO 8601. */
  readonly time: string;
  readonly queues: readonly string[];
  /** `ok`, or what is wrong with what the API depends on. */
  readonly checks: Readonly<Record<string, string>>;
}

/** The doctor's facts over HTTP. Every request of it may be sent again. @throws MillraceError */
export interface DoctorClient extends DoctorSource {
  readDoctor(): Promise<DoctorAnswer>;
}

/** @param address `http://NAME:KEY@HOST:PORT`; @throws MillraceError `invalid_request` */
export function makeDoctorClient(address: string, options: ClientOptions = {}): DoctorClient {
  const api = new ApiRequests(address, options);
  const get = <T>(path: string) => api.get<T>(path);
  const ofQueue = (queue: string) => `/v1/doctor/queues/${encodeURIComponent(queue)}`;
  return {
    readDoctor: () => get('/v1/doctor'),
    queueFacts: (queue) => get(ofQueue(queue)),
    recountShard: (queue, shard, cursor) => get(`${ofQueue(queue)}/recount${query({ shard, cursor })}`),
    batchFacts: async (queue, ids) => {
      const path = `${ofQueue(queue)}/batches${query({ ids: ids.join(',') })}`;
      return (await get<{ batches: readonly BatchFacts[] }>(path)).batches;
    },
    recountBatch: (id, cursor) =>
      get(`/v1/doctor/batches/${encodeURIComponent(id)}/recount${query({ cursor })}`),
    sendChunks: (queue) => api.send(SAFE, { method: 'POST', path: `${ofQueue(queue)}/chunks` }),
    settle: (queue, tasks) =>
      api.send(SAFE, {
        method: 'POST',
        path: `${ofQueue(queue)}/settle`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ tasks }),
      }),
  };
}
