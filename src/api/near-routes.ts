import { MillraceError } from '../core/errors.ts';

export interface KnownRoute {
  readonly method: string;
  /** As in `/v1/tasks/{id}`. */
  readonly path: string;
}

const MAX_NAMED = 5;

/** The error for a request that no route takes: another method is meant, or another path. */
export function noSuchRoute(method: string, path: string, routes: readonly KnownRoute[]): MillraceError {
  const allow = routes.filter((route) => fits(route.path, path)).map((route) => route.method.toUpperCase());
  if (allow.includes('GET')) allow.push('HEAD');
  if (allow.length > 0) {
    return new MillraceError('method_not_allowed', `${path} has no method ${method}.`, {
      expected: `one of: ${allow.join(', ')}`,
      got: method,
      hint: 'Use one of these methods; GET /openapi.json describes them.',
      extra: { allow },
    });
  }
  const near = [...routes]
    .map((route) => ({
      name: `${route.method.toUpperCase()} ${route.path}`,
      distance: distance(route.path, path),
    }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MAX_NAMED)
    .map(({ name }) => name);
  return new MillraceError('unknown_route', `There is no route ${path}.`, {
    expected: `for example: ${near.join(', ')}`,
    got: `${method} ${path}`,
    hint: 'Look at the near routes, or at GET /openapi.json, which lists all.',
    extra: { near },
  });
}

function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const got = path.split('/');
  return wanted.length === got.length && wanted.every((part, i) => part.startsWith('{') || part === got[i]);
}

/** How far a path is from a pattern: the edits of each segment; a parameter takes any segment for nothing. */
function distance(pattern: string, path: string): number {
  const wanted = pattern.split('/').slice(1);
  const got = path.slice(0, 200).split('/').slice(1);
  let sum = 0;
  for (let i = 0; i < Math.max(wanted.length, got.length); i += 1) {
    const one = wanted[i];
    const other = got[i];
    if (one === undefined || other === undefined) sum += 3;
    else if (!one.startsWith('{')) sum += edits(one, other);
  }
  return sum;
}

/** Levenshtein's distance. */
function edits(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (above[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    above = row;
  }
  return above[other.length] ?? 0;
}
