import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the code is that this stack deploys. A checkout has sources, which are bundled at synth; the package has
 * them bundled already, beside this very file: dist/infra/, dist/functions/, dist/worker-image/.
 */
const HERE = dirname(fileURLToPath(import.meta.url));
export const IS_CHECKOUT = import.meta.url.endsWith('.ts');
export const ROOT = dirname(HERE);

export type FunctionName = 'api' | 'dead-letter' | 'launcher';

/** The entry of a function, to be bundled. */
export function functionEntry(name: FunctionName): string {
  return join(ROOT, 'functions', name, 'main.ts');
}

/** The folder of a function that is bundled already, as `main.mjs`. */
export function functionBundle(name: FunctionName): string {
  return join(ROOT, 'functions', name);
}

export const WORKER_IMAGE = join(ROOT, 'worker-image');

/** What bundles the handlers of an app that uses the package; a checkout bundles its own with the worker. */
export const BUNDLE_TASKS = join(HERE, 'bundle-tasks.js');

/** What signs requests is CommonJS, and asks for Node's own modules by `require`, which a module does not have. */
export const FUNCTION_BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";
