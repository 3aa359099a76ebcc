import type { OpenAPIHono, RouteConfig, RouteHandler } from '@hono/zod-openapi';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import { TITLES } from './problem.ts';
import { problemShape } from './shapes.ts';

/** What middleware leaves for handlers. */
export interface ApiEnv {
  Variables: { requestId: string };
}
export type ApiApp = OpenAPIHono<ApiEnv>;

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>;

/**
 * Adds a route and its documentation.
 * @param body is documented and not parsed here: a handler reads its body itself, up to a limit (read-body.ts)
 */
export function addRoute<R extends RouteConfig>(
  app: ApiApp,
  route: R,
  handler: RouteHandler<R, ApiEnv>,
  body?: Body,
): void {
  const request = { ...route.request, ...(body && { body }) };
  app.openAPIRegistry.registerPath({ ...route, request });
  app.openapi({ ...route, hide: true }, handler as never);
}

/** The answers with these codes, by status, each with an example. */
export function problems(...codes: readonly ErrorCode[]): RouteConfig['responses'] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of [...codes, 'internal', 'unavailable'] as const) {
    const { status } = ERROR_CODES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      status,
      {
        description: sameStatus.map((code) => `\`${code}\``).join(', '),
        content: {
          'application/problem+json': {
            schema: problemShape,
            examples: Object.fromEntries(sameStatus.map((code) => [code, { value: exampleOf(code) }])),
          },
        },
      },
    ]),
  );
}

function exampleOf(code: ErrorCode): object {
  return {
    type: `urn:millrace:problem:${code}`,
    title: TITLES[code],
    status: ERROR_CODES[code].status,
    code,
    detail: 'What was wrong with this very request.',
    expected: 'what would have been taken',
    got: 'what was sent instead',
    hint: 'What to do about it.',
    instance: 'urn:millrace:request:0b6f6a52-4f0e-4a7e-9d5b-6f0c7a1f2f11',
  };
}

/** An answer in JSON. */
export function json<S>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}
