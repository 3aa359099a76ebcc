import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/core/errors.ts';
import { makeApiUnderTest, type ApiUnderTest } from './api-under-test.ts';

interface Media {
  schema?: object;
  example?: unknown;
  examples?: Record<string, { value: { code: string; status: number } }>;
}
interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: { name: string; in: string; required?: boolean; schema: Record<string, unknown> }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { description: string; content: Record<string, Media> }>;
}
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, { example?: unknown }> };
}

async function readDocument(api = makeApiUnderTest()): Promise<Document> {
  const { status, body } = await api.request<Document>('/openapi.json');
  expect(status).toBe(200);
  return body;
}

function operationsOf(document: Document): { path: string; method: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Routes that the app answers to but the document does not know. */
async function undocumentedRoutes(api: ApiUnderTest): Promise<string[]> {
  const known = operationsOf(await readDocument(api)).map(({ path, method }) => `${method} ${path}`);
  const served = api.app.routes
    .filter(({ method, path }) => !(method === 'ALL' && path === '/*'))
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  return [...new Set(served)].filter((route) => !known.includes(route));
}

function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = '$ref' in value && typeof value.$ref === 'string' ? [value.$ref] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}

describe('the OpenAPI document', () => {
  it('lists every route that the API has, and no other', async () => {
    const document = await readDocument();
    const listed = operationsOf(document).map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(listed.sort()).toEqual(
      [
        'POST /task/{name}',
        'GET /task/status/{id}',
        'POST /v1/queues/{queue}/tasks',
        'POST /v1/queues/{queue}/batches',
        'POST /v1/task_list/batch/',
        'GET /v1/batches/{id}',
        'GET /v1/tasks/{id}',
        'POST /v1/tasks/{id}/cancel',
        'POST /v1/tasks/{id}/redrive',
        'POST /v1/queues/{queue}/chains',
        'POST /v1/queues/{queue}/sets',
        'GET /v1/workflows/{id}',
        'POST /v1/workflows/{id}/cancel',
        'GET /v1/queues',
        'GET /v1/queues/{queue}',
        'GET /v1/queues/{queue}/tasks',
        'POST /v1/queues/{queue}/redrive',
        'DELETE /v1/queues/{queue}/tasks',
        'POST /v1/queues/{queue}/pause',
        'POST /v1/queues/{queue}/resume',
        'POST /v1/queues/{queue}/workers',
        'GET /v1/doctor',
        'GET /v1/doctor/queues/{queue}',
        'GET /v1/doctor/queues/{queue}/recount',
        'GET /v1/doctor/queues/{queue}/batches',
        'GET /v1/doctor/batches/{id}/recount',
        'POST /v1/doctor/queues/{queue}/chunks',
        'POST /v1/doctor/queues/{queue}/settle',
        'POST /v1/queues/{queue}/schedules',
        'GET /v1/queues/{queue}/schedules',
        'GET /v1/queues/{queue}/schedules/{name}',
        'DELETE /v1/queues/{queue}/schedules/{name}',
        'POST /v1/queues/{queue}/schedules/{name}/pause',
        'POST /v1/queues/{queue}/schedules/{name}/resume',
        'GET /healthz',
        'GET /openapi.json',
      ].sort(),
    );
    expect(await undocumentedRoutes(makeApiUnderTest())).toEqual([]);
  });

  it('misses a route that was added without its documentation', async () => {
    const api = makeApiUnderTest();
    api.app.get('/v1/secret/:id', (c) => c.text('hidden'));
    expect(await undocumentedRoutes(api)).toEqual(['get /v1/secret/{id}']);
  });

  it('is OpenAPI 3.1 of this version, and each of its references leads somewhere', async () => {
    const document = await readDocument();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Millrace', version: '1.2.3' });
    const refs = refsIn(document);
    expect(refs.length).toBeGreaterThan(20);
    for (const ref of refs) {
      const [, components, schemas, name = ''] = ref.split('/');
      expect([components, schemas]).toEqual(['components', 'schemas']);
      expect(document.components.schemas, ref).toHaveProperty([name]);
    }
  });

  it('describes each operation: a name of its own, what it does, its path parameters, all it answers', async () => {
    const operations = operationsOf(await readDocument());
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, method, operation } of operations) {
      const route = `${method} ${path}`;
      expect(operation.summary, route).toMatch(/\S/);
      expect(operation.tags, route).toHaveLength(1);
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(
        declared.map(({ name }) => name),
        route,
      ).toEqual(inPath);
      expect(
        declared.every(({ required }) => required === true),
        route,
      ).toBe(true);
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        route,
      ).toBe(true);
      for (const status of statuses) {
        expect(status, route).toMatch(/^[2-5]\d\d$/);
        expect(operation.responses[status]?.description, `${route} ${status}`).toMatch(/\S/);
        const [type] = Object.keys(operation.responses[status]?.content ?? {});
        const isProblem = Number(status) >= 400 && path !== '/healthz';
        expect(type, `${route} ${status}`).toBe(isProblem ? 'application/problem+json' : 'application/json');
      }
      if (method === 'post' && /tasks$|batch/.test(path))
        expect(operation.requestBody?.required, route).toBe(true);
    }
  });

  it('has an example of each schema, each body and each problem', async () => {
    const document = await readDocument();
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (name !== 'Problem') expect(schema, name).toHaveProperty('example');
    }
    for (const { path, method, operation } of operationsOf(document)) {
      for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
        const [ref] = refsIn(media.schema);
        const hasOwn = media.example !== undefined;
        expect(hasOwn || ref !== undefined, `${method} ${path} ${type}`).toBe(true);
      }
      for (const [status, { content }] of Object.entries(operation.responses)) {
        const examples = Object.values(content['application/problem+json']?.examples ?? {});
        for (const { value } of examples) {
          expect(Number(status)).toBe(value.status);
          expect(Object.keys(ERROR_CODES)).toContain(value.code);
        }
        if (Number(status) >= 400 && path !== '/healthz')
          expect(examples.length, `${path} ${status}`).toBeGreaterThan(0);
      }
    }
  });

  it('states the limits that are checked, in schemas that can be met', async () => {
    const document = await readDocument();
    const parameters = document.paths['/v1/queues/{queue}/tasks']?.['get']?.parameters ?? [];
    const limit = parameters.find(({ name }) => name === 'limit');
    expect(limit).toMatchObject({ in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000 } });
    // A schema that is closed cannot be part of another.
    expect(JSON.stringify(document)).not.toContain('allOf');
    const state = parameters.find(({ name }) => name === 'state');
    expect(state?.schema['enum']).toEqual([
      'PENDING',
      'RUNNING',
      'SUCCEEDED',
      'FAILED',
      'CANCELLED',
      'EXPIRED',
    ]);
  });
});
