import type { BatchFacts, DoctorSource } from '../core/doctor/doctor-source.ts';
import { makeSender, toQuery, type ClientOptions } from './make-sender.ts';

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
  const send = makeSender(address, options);
  const get = <T>(path: string) => send<T>(true, { method: 'GET', path });
  const ofQueue = (queue: string) => `/v1/doctor/queues/${encodeURIComponent(queue)}`;
  return {
    readDoctor: () => get('/v1/doctor'),
    queueFacts: (queue) => get(ofQueue(queue)),
    recountShard: (queue, shard, cursor) => get(`${ofQueue(queue)}/recount${toQuery({ shard, cursor })}`),
    batchFacts: async (queue, ids) => {
      const path = `${ofQueue(queue)}/batches${toQuery({ ids: ids.join(',') })}`;
      return (await get<{ batches: readonly BatchFacts[] }>(path)).batches;
    },
    recountBatch: (id, cursor) =>
      get(`/v1/doctor/batches/${encodeURIComponent(id)}/recount${toQuery({ cursor })}`),
    sendChunks: (queue) => send(true, { method: 'POST', path: `${ofQueue(queue)}/chunks` }),
    settle: (queue, tasks) =>
      send(true, {
        method: 'POST',
        path: `${ofQueue(queue)}/settle`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ tasks }),
      }),
  };
}
