import { handle } from 'hono/aws-lambda';
import { makeApi, type ApiDeps } from '../../src/api/app.ts';

/**
 * The API behind an HTTP API of API Gateway, payload format 2.0. Lambda is handed 6 MB and answers 6 MB at most:
 * the limits of bodies and pages (src/core/limits.ts) leave room for base64 and quoting.
 */
export function makeApiHandler(deps: ApiDeps): ReturnType<typeof handle> {
  return handle(makeApi(deps));
}
