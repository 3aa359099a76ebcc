import { OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';

/** The OpenAPI document of these routes. */
export function describeApi(routes: readonly RouteConfig[], version: string): { openapi: string } {
  const definitions = routes.map((route) => ({ type: 'route' as const, route }));
  return new OpenApiGeneratorV31(definitions).generateDocument({
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
