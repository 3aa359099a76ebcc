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

/** What bundles a function of a checkout. */
export const BUNDLE_FUNCTION = join(ROOT, 'scripts/bundle-function.ts');

/** The folder of a function that is bundled already: `main.mjs`, and what that loads. */
export function functionBundle(name: FunctionName): string {
  return join(ROOT, 'functions', name);
}

export const WORKER_IMAGE = join(ROOT, 'worker-image');

/** What bundles the handlers of an app that uses the package; a checkout bundles its own with the worker. */
export const BUNDLE_TASKS = join(HERE, 'bundle-tasks.js');
