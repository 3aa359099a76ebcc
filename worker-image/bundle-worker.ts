import type * as Esbuild from 'esbuild';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const COPIED = ['Dockerfile', 'process-message', '.dockerignore'] as const;

/** pino is CommonJS, and asks for Node's own modules by `require`, which a module does not have. */
const BANNER =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/**
 * Makes the worker's image's build context: the worker and its spawner, each bundled to one file, and what the
 * Dockerfile copies besides. Small, and needs no network to build.
 * @returns the folder
 */
export function bundleWorker(outDir: string): string {
  // Not imported above: the package of Millrace has its bundles and no esbuild.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  mkdirSync(outDir, { recursive: true });
  buildSync({
    entryPoints: {
      worker: join(HERE, 'worker-main.ts'),
      // The name under which the worker looks for it beside itself.
      'spawner-main': join(HERE, '../src/worker/spawner/spawner-main.ts'),
    },
    outdir: outDir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'], // esbuild's own order takes CommonJS first, which fails at load in a module
    // Not minified: an image does not grow by it, and a stack trace can be read.
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  writeFileSync(join(outDir, 'package.json'), '{ "type": "module" }\n');
  for (const file of COPIED) copyFileSync(join(HERE, file), join(outDir, file));
  return outDir;
}
