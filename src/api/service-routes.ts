import { createRoute, z } from '@hono/zod-openapi';
import { addRoute, json, type ApiApp } from './add-route.ts';
import type { ApiDeps } from './api-deps.ts';
import type { KnownRoute } from './near-routes.ts';
import { healthShape } from './shapes.ts';

/** Routes about the service itself. */
export function addServiceRoutes(app: ApiApp, deps: ApiDeps): void {
  addRoute(
    app,
    createRoute({
      method: 'get',
      path: '/healthz',
      operationId: 'readHealth',
      tags: ['service'],
      summary: 'Whether all that the API depends on can be reached',
      responses: { 200: json(healthShape, 'all of it'), 503: json(healthShape, 'not all of it') },
    }),
    async (c) => {
      const checks = await deps.health();
      const isOk = Object.values(checks).every((state) => state === 'ok');
      const { version } = deps;
      return isOk
        ? c.json({ status: 'ok' as const, version, checks }, 200)
        : c.json({ status: 'unavailable' as const, version, checks }, 503);
    },
  );

  let document: unknown;
  addRoute(
    app,
    createRoute({
      method: 'get',
      path: '/openapi.json',
      operationId: 'readOpenApi',
      tags: ['service'],
      summary: 'This description of the API',
      responses: {
        200: json(
          z.looseObject({ openapi: z.string() }).openapi({ example: { openapi: '3.1.0' } }),
          'OpenAPI 3.1',
        ),
      },
    }),
    (c) => c.json((document ??= describeApi(app, deps.version)) as { openapi: string }, 200),
  );
}

function describeApi(app: ApiApp, version: string): object {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      description:
        'A command queue. Errors are problem documents (RFC 9457) with a stable `code`, what was expected, what was got, and what to do. Times are ISO 8601 UTC.',
      license: { name: 'MIT' },
    },
    tags: [
      { name: 'tasks', description: 'Single tasks' },
      { name: 'batches', description: 'Many tasks enqueued together' },
      { name: 'handlers', description: 'Named handlers, called by name' },
      { name: 'workflows', description: 'Chains and sets of tasks' },
      { name: 'queues', description: 'Queues with their progress' },
      { name: 'doctor', description: 'Recounting, and what is wrong with an installation' },
      { name: 'service', description: 'The service itself' },
    ],
  });
}

/** The documented routes. */
export function knownRoutes(app: ApiApp): readonly KnownRoute[] {
  return app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route'
      ? [{ method: definition.route.method.toUpperCase(), path: definition.route.path }]
      : [],
  );
}
