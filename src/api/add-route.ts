import type { RouteConfig, RouteHandler } from '@hono/zod-openapi';
import { Hono, type ValidationTargets } from 'hono';
import { validator } from 'hono/validator';
import type * as z from 'zod';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import { invalidRequest } from './parse-query.ts';
import { TITLES } from './problem.ts';
import { problemShape } from './shapes.ts';

/** What middleware leaves for handlers. */
export interface ApiEnv {
  Variables: { requestId: string };
}

/** An app that knows what its routes are documented as: a document is made of that when somebody asks for one. */
export class ApiApp extends Hono<ApiEnv> {
  readonly documented: RouteConfig[] = [];
}

type Body = NonNullable<NonNullable<RouteConfig['request']>['body']>;

/** Parts of a request that are checked before its handler has them, and what a route calls them. */
const CHECKED = { param: 'params', query: 'query', header: 'headers' } as const;

/**
 * Adds a route and its documentation.
 * @param body is documented and not parsed here: a handler reads its body itself, up to a limit (read-body.ts)
 */
export function addRoute<P extends string, R extends Omit<RouteConfig, 'path'> & { path: P }>(
  app: ApiApp,
  route: R,
  handler: RouteHandler<R, ApiEnv>,
  body?: Body,
): void {
  app.documented.push({ ...route, request: { ...route.request, ...(body && { body }) } });
  const checks = Object.entries(CHECKED).flatMap(([part, name]) => {
    const schema = route.request?.[name] as z.ZodType | undefined;
    return schema ? [check(part as keyof typeof CHECKED, schema)] : [];
  });
  const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1');
  app.on(route.method.toUpperCase(), [path], ...checks, handler as never);
}

function check(part: keyof ValidationTargets, schema: z.ZodType) {
  return validator(part, (value) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw invalidRequest(part, parsed.error);
    return parsed.data as object;
  });
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
