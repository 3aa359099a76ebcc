import * as z from 'zod';
import { makeDoctorSource } from '../core/doctor/doctor-source.ts';
import { PROTOCOL_VERSION } from '../core/envelope.ts';
import { LISTING_SHARDS } from '../core/limits.ts';
import { iso } from '../core/task-view.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import type { ApiDeps } from './api-deps.ts';
import {
  batchFactsShape,
  chunksSentShape,
  doctorShape,
  queueFactsShape,
  recountShape,
  settledShape,
  settleRequestShape,
} from './doctor-shapes.ts';
import { parseJsonBody } from './parse-json.ts';
import { invalidRequest, wholeNumber } from './parse-query.ts';
import { assertMediaType, readBody } from './read-body.ts';
import { MAX_ID_CHARS, queueParam } from './task-routes.ts';

const MAX_BATCHES = 50;
/** Of a batch, or of a set, which is one too. */
const BATCH_ID = '(?:w~)?[A-Za-z0-9_-]{1,64}';
const MAX_BODY_BYTES = 32_768;

/** Behind the last key of a slice; longer ones are none. */
const cursor = z.string().max(400).optional().describe('of the slice before');
const TAGS = ['doctor'];

/** Routes of the doctor, which reads through a queue slice by slice: docs/decisions/0014-*.md. */
export function addDoctorRoutes(app: ApiApp, deps: ApiDeps): void {
  const { ports } = deps;
  const source = makeDoctorSource(ports, deps.inspector, (definition) => deps.settlerOf(definition));

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/doctor',
      operationId: 'readDoctor',
      tags: TAGS,
      summary: 'Versions, the time, and the names of the queues',
      responses: { 200: json(doctorShape, 'what the doctor asks first'), ...problems() },
    },
    async (c) => {
      // What fails is what is asked for: it must not keep the rest of the answer.
      const said = (error: unknown) => (error instanceof Error ? error.message : String(error));
      const checks: Record<string, string> = await deps.health().then(
        (health) => ({ ...health }),
        (error: unknown) => ({ catalog: said(error) }),
      );
      const queues = await ports.catalog.list().catch((error: unknown) => {
        checks['catalog'] = said(error);
        return [];
      });
      const answer = { version: deps.version, protocol: PROTOCOL_VERSION, time: iso(ports.clock()), checks };
      return c.json({ ...answer, queues: queues.map(({ name }) => name) }, 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/doctor/queues/{queue}',
      operationId: 'readQueueFacts',
      tags: TAGS,
      summary: 'What is recorded of a queue, and how its SQS queues are set up',
      request: { params: queueParam },
      responses: { 200: json(queueFactsShape, 'the facts'), ...problems('invalid_request', 'unknown_queue') },
    },
    async (c) => c.json(await source.queueFacts(c.req.valid('param').queue), 200),
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/doctor/queues/{queue}/recount',
      operationId: 'recountQueue',
      tags: TAGS,
      summary: 'Count the rows of a part of a queue',
      request: {
        params: queueParam,
        query: z.strictObject({
          shard: wholeNumber(0, LISTING_SHARDS - 1, 'of the index of the queue'),
          cursor,
        }),
      },
      responses: {
        200: json(recountShape, 'a slice: some thousand rows, or what eight seconds allow'),
        ...problems('invalid_request', 'unknown_queue'),
      },
    },
    async (c) => {
      const { shard, cursor: after } = c.req.valid('query');
      return c.json(await source.recountShard(c.req.valid('param').queue, shard, after), 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/doctor/queues/{queue}/batches',
      operationId: 'readBatchFacts',
      tags: TAGS,
      summary: 'What is recorded of some batches of a queue',
      request: {
        params: queueParam,
        query: z.strictObject({
          ids: z
            .string()
            .regex(
              new RegExp(`^${BATCH_ID}(,${BATCH_ID}){0,${MAX_BATCHES - 1}}$`),
              `expected ids of at most ${MAX_BATCHES} batches, with commas between`,
            )
            .meta({ example: 'nightly-2026-03-01,nightly-2026-03-02' }),
        }),
      },
      responses: {
        200: json(batchFactsShape, 'the facts; a batch that is forgotten, or of another queue, is left out'),
        ...problems('invalid_request', 'unknown_queue'),
      },
    },
    async (c) => {
      const ids = c.req.valid('query').ids.split(',');
      return c.json({ batches: await source.batchFacts(c.req.valid('param').queue, ids) }, 200);
    },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/doctor/batches/{id}/recount',
      operationId: 'recountBatch',
      tags: TAGS,
      summary: 'Count the tasks and rows of some chunks of a batch',
      request: {
        params: z.object({ id: z.string().max(MAX_ID_CHARS).meta({ example: 'nightly-2026-03-01' }) }),
        query: z.strictObject({ cursor: wholeNumber(0, 999_999_999, 'of the slice before').optional() }),
      },
      responses: {
        200: json(recountShape, 'a slice: some chunks, or what eight seconds allow'),
        ...problems('invalid_request', 'unknown_batch', 'unknown_queue'),
      },
    },
    async (c) => {
      const next = c.req.valid('query').cursor;
      return c.json(
        await source.recountBatch(c.req.valid('param').id, next === undefined ? undefined : String(next)),
        200,
      );
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/doctor/queues/{queue}/chunks',
      operationId: 'sendChunks',
      tags: TAGS,
      summary: 'Send chunks that were stored and not sent, as the minute run does',
      request: { params: queueParam },
      responses: { 200: json(chunksSentShape, 'how many'), ...problems('invalid_request', 'unknown_queue') },
    },
    async (c) => c.json(await source.sendChunks(c.req.valid('param').queue), 200),
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/doctor/queues/{queue}/settle',
      operationId: 'settleTasks',
      tags: TAGS,
      summary: 'Count ends that no ledger counts, as whoever gets their message would',
      request: { params: queueParam },
      responses: {
        200: json(settledShape, 'which are counted now'),
        ...problems(
          'invalid_json',
          'invalid_request',
          'unknown_queue',
          'too_large',
          'unsupported_media_type',
        ),
      },
    },
    async (c) => {
      assertMediaType(c.req.raw, ['application/json']);
      const hint = 'Name at most 100 tasks in one request.';
      const parsed = settleRequestShape.safeParse(
        parseJsonBody(await readBody(c.req.raw, MAX_BODY_BYTES, hint)),
      );
      if (!parsed.success) throw invalidRequest('json', parsed.error);
      return c.json(await source.settle(c.req.valid('param').queue, parsed.data.tasks), 200);
    },
    { required: true, content: { 'application/json': { schema: settleRequestShape } } },
  );
}
