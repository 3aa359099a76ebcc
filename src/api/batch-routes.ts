import * as z from 'zod';
import { MAX_MAX_ATTEMPTS, MAX_TIMEOUT_SECONDS } from '../core/limits.ts';
import { readBatchProgress } from '../core/progress.ts';
import { addRoute, json, problems, type ApiApp } from './add-route.ts';
import { findQueue, type ApiDeps } from './api-deps.ts';
import { enqueueUpload } from './enqueue-upload.ts';
import { seconds, wholeNumber } from './parse-query.ts';
import { readFormUpload, readUpload } from './read-upload.ts';
import { batchShape, taskSpecShape, uploadShape } from './shapes.ts';
import { idempotencyHeaders, MAX_ID_CHARS, queueParam } from './task-routes.ts';

const MAX_CHUNK_NUMBER = 999_999_999;

const uploadQuery = z.strictObject({
  batch: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, - and _')
    .optional()
    .describe('id of the batch that this is a chunk of; together with `chunk`'),
  chunk: wholeNumber(0, MAX_CHUNK_NUMBER, 'number of the chunk, from 0; together with `batch`').optional(),
  timeoutSeconds: seconds(MAX_TIMEOUT_SECONDS, 'for every task that has none of its own').optional(),
  maxAttempts: wholeNumber(1, MAX_MAX_ATTEMPTS, 'for every task that has none of its own').optional(),
});

const form = {
  'multipart/form-data': {
    schema: z
      .object({ file: z.string().meta({ format: 'binary' }) })
      .meta({ description: 'one file: tasks in NDJSON if its name ends so, else a command a line' }),
    example: { file: 'echo one\necho two\n' },
  },
};

const uploadProblems = problems(
  'invalid_batch',
  'invalid_json',
  'invalid_request',
  'unknown_queue',
  'content_conflict',
  'too_large',
  'unsupported_media_type',
);

/** Routes of batches. */
export function addBatchRoutes(app: ApiApp, deps: ApiDeps): void {
  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/queues/{queue}/batches',
      operationId: 'enqueueBatch',
      tags: ['batches'],
      summary: 'Enqueue many tasks',
      request: { params: queueParam, query: uploadQuery, headers: idempotencyHeaders },
      responses: { 201: json(uploadShape, 'accepted, but for the lines in `refused`'), ...uploadProblems },
    },
    async (c) => {
      const definition = await findQueue(deps, c.req.valid('param').queue);
      const key = c.req.valid('header')['idempotency-key'];
      const upload = await readUpload(c.req.raw);
      return c.json(await enqueueUpload(deps, definition, upload, { ...c.req.valid('query'), key }), 201);
    },
    {
      required: true,
      content: {
        'text/plain': {
          schema: z.string().meta({ description: 'a shell command a line' }),
          example: 'echo one\necho two\n',
        },
        'application/x-ndjson': {
          schema: z.string().meta({ description: 'a TaskSpec a line' }),
          example: '{"command":"echo one"}\n{"argv":["echo","two"],"timeoutSeconds":5}\n',
        },
        'application/json': {
          schema: z.array(taskSpecShape),
          example: [{ command: 'echo one' }, { argv: ['echo', 'two'] }],
        },
        ...form,
      },
    },
  );

  addRoute(
    app,
    {
      method: 'post',
      path: '/v1/task_list/batch/',
      operationId: 'uploadTaskList',
      tags: ['batches'],
      summary: 'Enqueue a file of commands as a form uploads it',
      request: {
        query: uploadQuery.extend({
          queue: z.string().max(MAX_ID_CHARS).optional().describe('`default` unless told'),
        }),
        headers: idempotencyHeaders,
      },
      responses: { 201: json(uploadShape, 'accepted, but for the lines in `refused`'), ...uploadProblems },
    },
    async (c) => {
      const { queue, ...options } = c.req.valid('query');
      const definition = await findQueue(deps, queue ?? 'default');
      const key = c.req.valid('header')['idempotency-key'];
      const upload = await readFormUpload(c.req.raw);
      return c.json(await enqueueUpload(deps, definition, upload, { ...options, key }), 201);
    },
    { required: true, content: form },
  );

  addRoute(
    app,
    {
      method: 'get',
      path: '/v1/batches/{id}',
      operationId: 'readBatch',
      tags: ['batches'],
      summary: 'Progress of a batch',
      request: {
        params: z.object({ id: z.string().max(MAX_ID_CHARS).meta({ example: 'nightly-2026-03-01' }) }),
      },
      responses: { 200: json(batchShape, 'the batch'), ...problems('invalid_request', 'unknown_batch') },
    },
    async (c) => c.json(await readBatchProgress(deps.ports, c.req.valid('param').id), 200),
  );
}
