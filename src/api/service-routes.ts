import * as z from 'zod';
import { addRoute, json, type ApiApp } from './add-route.ts';
import type { ApiDeps } from './api-deps.ts';
import { healthShape } from './shapes.ts';

/** Routes about the service itself. */
export function addServiceRoutes(app: ApiApp, deps: ApiDeps): void {
  addRoute(
    app,
    {
      method: 'get',
      path: '/healthz',
      operationId: 'readHealth',
      tags: ['service'],
      summary: 'Whether all that the API depends on can be reached',
      responses: { 200: json(healthShape, 'all of it'), 503: json(healthShape, 'not all of it') },
    },
    async (c) => {
      const checks = await deps.health();
      const isOk = Object.values(checks).every((state) => state === 'ok');
      const { version } = deps;
      return isOk
        ? c.json({ status: 'ok' as const, version, checks }, 200)
        : c.json({ status: 'unavailable' as const, version, checks }, 503);
    },
  );

  let document: { openapi: string } | undefined;
  addRoute(
    app,
    {
      method: 'get',
      path: '/openapi.json',
      operationId: 'readOpenApi',
      tags: ['service'],
      summary: 'This description of the API',
      responses: {
        200: json(
          z.looseObject({ openapi: z.string() }).meta({ example: { openapi: '3.1.0' } }),
          'OpenAPI 3.1',
        ),
      },
    },
    async (c) => {
      // Few ever ask for it.
      const { describeApi } = await import('./describe-api.ts');
      return c.json((document ??= describeApi(app.documented, deps.version)), 200);
    },
  );
}
